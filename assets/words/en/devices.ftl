### Devices: what they are called, what is wrong with them, and what to do about it.

device-kind-camera = Camera
device-kind-microphone = Microphone
device-kind-speaker = Loudspeaker
device-default-camera = The first camera
device-default-microphone = The system's microphone
device-default-speaker = The system's loudspeaker
listening-with = You listen with
listening-automatic = Automatic
listening-loudspeaker = Loudspeaker
listening-headphones = Headphones
without-camera = You can go on without a picture of yours.
without-microphone = Without it the other side does not hear you.
without-speaker = Without it you do not hear the other side.
device-moved-speaker = The sound now goes to “{ $to }”.
device-moved-microphone = The microphone “{ $to }” hears you now.
device-moved-camera = The camera “{ $to }” sees you now.
moved-gone = “{ $chosen }” is gone.
moved-busy = “{ $chosen }” is used by another program.
moved-denied = “{ $chosen }” may not be used.
moved-silent = “{ $chosen }” does not answer.
moved-back = “{ $to }” is back.
try-again =
    { $device ->
        [camera] Try the camera again
        [microphone] Try the microphone again
       *[speaker] Try the loudspeaker again
    }
microphone-is-off = Your microphone is off.
microphone-is-broken = Your microphone does not work.
microphone-hears = Your microphone hears you.
microphone-say-something = Say something: the bar should move.
device-missing =
    { $device ->
        [camera] No camera was found. Plug one in, then try again.
        [microphone] No microphone was found. Plug one in, then try again.
       *[speaker] No loudspeaker was found. Plug one in, then try again.
    }
device-denied =
    { $device ->
        [camera] The system does not let Housecall use the camera. Allow it in the system's privacy settings, then try again.
        [microphone] The system does not let Housecall use the microphone. Allow it in the system's privacy settings, then try again.
       *[speaker] The system does not let Housecall use the loudspeaker. Allow it in the system's privacy settings, then try again.
    }
device-busy =
    { $device ->
        [camera] Another program uses the camera. Close that program, then try again.
        [microphone] Another program uses the microphone. Close that program, then try again.
       *[speaker] Another program uses the loudspeaker. Close that program, then try again.
    }
device-unplugged =
    { $device ->
        [camera] The camera was unplugged. Plug it in, then try again, or choose another.
        [microphone] The microphone was unplugged. Plug it in, then try again, or choose another.
       *[speaker] The loudspeaker was unplugged. Plug it in, then try again, or choose another.
    }
device-stalled =
    { $device ->
        [camera] The camera gives nothing any more. Unplug it, plug it in, then try again, or choose another.
        [microphone] The microphone gives nothing any more. Unplug it, plug it in, then try again, or choose another.
       *[speaker] The loudspeaker gives nothing any more. Unplug it, plug it in, then try again, or choose another.
    }
device-failed =
    { $device ->
        [camera] The camera does not work. Try again, or choose another.
        [microphone] The microphone does not work. Try again, or choose another.
       *[speaker] The loudspeaker does not work. Try again, or choose another.
    }
moved-returns = It returns when “{ $chosen }” works again.
several-troubles = These do not work: { $devices }. The call goes on with what there is.
in-list-camera = camera
in-list-microphone = microphone
in-list-speaker = loudspeaker
