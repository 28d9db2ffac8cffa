### What the two hand each other during a visit: messages, files, photographs in full size.

handing = Messages and files
handing-close = Close messages and files
handing-short = Messages
handing-new =
    { $new ->
        [one] Messages and files: { $new } new
       *[other] Messages and files: { $new } new ones
    }
handing-new-messages =
    { $new ->
        [one] There is a new message.
       *[other] There are { $new } new messages.
    }
handing-offered-now =
    { $count ->
        [one] A file is offered to you.
       *[other] { $count } files are offered to you.
    }
handing-show = Show
handing-messages = Messages
handing-files = Files and photos

## What is written.
handing-gone-host = What is written here is gone when the visit ends, unless you save it.
handing-gone-guest = What is written here is gone when the visit ends, unless your clinician saves it.
handing-nothing-written = Nothing has been written yet.
handing-line-ours = You: { $text }
handing-line-of-patient = Your patient: { $text }
handing-line-of-clinician = Your clinician: { $text }
handing-sending = Sending…
handing-delivered = Delivered
handing-message = Message
handing-send = Send the message
handing-saved-by-us = You have saved what was written. The other side sees that.
handing-saved-by-them = Your clinician has saved what was written.
handing-save-chat = Save what was written
handing-chat-file = File for the messages
handing-save-messages = Save the messages
handing-saved-in = Saved in { $place }
handing-empty = There was nothing to send. Write something first.
handing-too-long = The message is too long. Send it in parts.
handing-too-many-waiting = Your last messages have not arrived yet. Wait until the connection is back.
handing-name-taken = Another file has this name, and it is not replaced. Choose another name.
handing-not-saved = It could not be saved there. Check that the folder is there and has room, or choose another one.

## Files.
handing-path = File to send
handing-path-hint = Type or paste where it is, or drop it here
handing-offer = Send the file
handing-to-be-sent = To be sent: { $name }
handing-send-dropped =
    { $count ->
        [one] Send the dropped file
       *[other] Send the { $count } dropped files
    }
handing-do-not-send = Do not send
handing-reading = The file is being read…
handing-not-read = This file cannot be read. Check where it is, and that it is a file and not a folder.
handing-file-too-large = The file is too large to be sent here. Hand it over another way.
handing-too-many-files = Too many files are under way. Wait until one has arrived.
handing-folder = Folder for files that you accept
handing-file = File: { $name }, { $size }
handing-still = Photograph in full size, { $size }
handing-accept = Accept
handing-accept-file = Accept { $name }
handing-decline = Decline
handing-decline-file = Decline { $name }
handing-stop = Stop
handing-stop-file = Stop { $name }
handing-progress = How much has arrived
handing-turned-away =
    { $count ->
        [one] One more offer of theirs was turned away, because too many came at once.
       *[other] { $count } more offers of theirs were turned away, because too many came at once.
    }
handing-is-offered = It is offered to you. It is never opened by itself.
handing-waits-for-answer = Waits until the other side accepts it.
handing-opening = A place for it is being made.
handing-moving = { $done } of { $whole }
handing-moving-left = { $done } of { $whole }, { $speed } a second, { $left } left
handing-waits = Waits for the connection, and then goes on.
handing-checking = All of it is sent. The other side looks whether it is whole.
handing-arrived = Arrived whole.
handing-arrived-in = Arrived whole. It is in { $place }
handing-declined-by-us = You declined it.
handing-declined-by-them = The other side declined it.
handing-stopped-by-us = You stopped it.
handing-stopped-by-them = The other side stopped it.
handing-too-many-there = The other side has too much under way. Send it again when something has arrived.
handing-too-large-there = The file is too large for the other side. Hand it over another way.
handing-wrong-hash = What arrived is not what was sent, so it was deleted. Let it be sent again.
handing-over = The visit ended before it had arrived. Send it in another visit.
handing-unreadable = The file could not be read any more, or was changed. Send it again.
handing-unwritable = The file could not be written here. Check that the folder is there and has room, and let it be sent again.
handing-unwritable-there = The other side could not write the file. Ask them to make room, and send it again.

## Photographs.
handing-ask = Ask for a photograph
handing-ask-help = Your patient agrees or declines. Their camera takes it in its full size. It is kept only if you save it.
handing-asked = Your patient is asked for a photograph.
handing-refused = There is no photograph: your patient declined, or their camera gives none. Talk about it, and ask again.
handing-asks = Your clinician asks for a photograph, in the full size of your camera.
handing-answer = Answer
handing-agree = Take the photograph
handing-refuse = No photograph
handing-taking = Your photograph is being taken. Hold still.
handing-photograph = Photograph { $number }
handing-look-at = Look at photograph { $number }
handing-put-beside = Put photograph { $number } beside it
handing-save-photograph = Save photograph { $number }
handing-photograph-not-shown = Photograph { $number } cannot be shown here. Save it, and open it in another program.
handing-photograph-file = File for the photograph
handing-zoom = Zoom: { $percent } %
handing-zoom-in = Zoom in
handing-zoom-out = Zoom out
handing-whole = Whole photograph
handing-whole-short = Whole
handing-close-short = Close
handing-close-photographs = Close the photograph
