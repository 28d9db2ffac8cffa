### Los dispositivos: cómo se llaman, qué les pasa y qué se puede hacer.

device-kind-camera = Cámara
device-kind-microphone = Micrófono
device-kind-speaker = Altavoz
device-default-camera = La primera cámara
device-default-microphone = El micrófono del sistema
device-default-speaker = El altavoz del sistema
listening-with = Usted escucha con
listening-automatic = Automático
listening-loudspeaker = Altavoz
listening-headphones = Auriculares
without-camera = Puede continuar sin su imagen.
without-microphone = Sin él no le oyen.
without-speaker = Sin él no oye a la otra persona.
device-moved-speaker = El sonido sale ahora por «{ $to }».
device-moved-microphone = Ahora le oye el micrófono «{ $to }».
device-moved-camera = Ahora le ve la cámara «{ $to }».
moved-gone = «{ $chosen }» ha desaparecido.
moved-busy = Otro programa usa «{ $chosen }».
moved-denied = No se permite usar «{ $chosen }».
moved-silent = «{ $chosen }» no responde.
moved-returns = Se volverá a usar cuando «{ $chosen }» funcione otra vez.
moved-back = «{ $to }» ha vuelto.
microphone-is-off = Su micrófono está apagado.
microphone-is-broken = Su micrófono no funciona.
microphone-hears = Su micrófono le oye.
microphone-say-something = Diga algo: la barra debería moverse.
device-missing =
    { $device ->
        [camera] No se encontró ninguna cámara. Conecte una e inténtelo de nuevo.
        [microphone] No se encontró ningún micrófono. Conecte uno e inténtelo de nuevo.
       *[speaker] No se encontró ningún altavoz. Conecte uno e inténtelo de nuevo.
    }
device-denied =
    { $device ->
        [camera] El sistema no permite que Housecall use la cámara. Permítalo en los ajustes de privacidad del sistema e inténtelo de nuevo.
        [microphone] El sistema no permite que Housecall use el micrófono. Permítalo en los ajustes de privacidad del sistema e inténtelo de nuevo.
       *[speaker] El sistema no permite que Housecall use el altavoz. Permítalo en los ajustes de privacidad del sistema e inténtelo de nuevo.
    }
device-busy =
    { $device ->
        [camera] Otro programa usa la cámara. Ciérrelo e inténtelo de nuevo.
        [microphone] Otro programa usa el micrófono. Ciérrelo e inténtelo de nuevo.
       *[speaker] Otro programa usa el altavoz. Ciérrelo e inténtelo de nuevo.
    }
device-unplugged =
    { $device ->
        [camera] La cámara se ha desconectado. Conéctela e inténtelo de nuevo, o elija otra.
        [microphone] El micrófono se ha desconectado. Conéctelo e inténtelo de nuevo, o elija otro.
       *[speaker] El altavoz se ha desconectado. Conéctelo e inténtelo de nuevo, o elija otro.
    }
device-stalled =
    { $device ->
        [camera] La cámara ya no da imagen. Desconéctela, conéctela e inténtelo de nuevo, o elija otra.
        [microphone] El micrófono ya no da sonido. Desconéctelo, conéctelo e inténtelo de nuevo, o elija otro.
       *[speaker] El altavoz ya no responde. Desconéctelo, conéctelo e inténtelo de nuevo, o elija otro.
    }
device-failed =
    { $device ->
        [camera] La cámara no funciona. Inténtelo de nuevo o elija otra.
        [microphone] El micrófono no funciona. Inténtelo de nuevo o elija otro.
       *[speaker] El altavoz no funciona. Inténtelo de nuevo o elija otro.
    }
several-troubles = No funcionan: { $devices }. La llamada continúa con lo que hay.
in-list-camera = cámara
in-list-microphone = micrófono
in-list-speaker = altavoz
try-again =
    { $device ->
        [camera] Probar otra vez la cámara
        [microphone] Probar otra vez el micrófono
       *[speaker] Probar otra vez el altavoz
    }
