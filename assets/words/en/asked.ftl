### What is asked of a patient, and what is around a talk.

code-asked = The clinic asks for a code
code-asked-help = The clinic gave it to you by another way than the link: by telephone, by letter, or in person.
code = Code
say-code = Send the code
facts-asked = In case something happens
facts-help = Only your clinician's app reads this. It is forgotten when the visit is over.
place = Where you are now
place-hint = Street, number, town
call-back = Telephone number to call you back
emergency = Whom to call in an emergency
emergency-hint = Name and number
guardian-beside = A guardian is beside me
interpreter-beside = An interpreter is beside me
say-facts = Tell the clinician
facts-said = Your clinician can read it.
change-facts = Change it
facts-not-said = The patient has not said where they are. Ask them.
key-facts = Where the patient is, and whom to call
time-nearly-over = The time of this visit is over in five minutes.
time-over = The time of this visit is over. It goes on until you hang up.
more-time = 15 more minutes
door-unlock = Let people in again
door-lock = Let nobody else in
take-out = Take them out
code-wrong =
    { $left ->
        [one] This was not the code. You can try once more. Call the clinic if you are not sure.
       *[other] This was not the code. You can try { $left } more times.
    }
waiting-note-late =
    { $minutes ->
        [one] Your clinician will be about a minute late.
       *[other] Your clinician will be about { $minutes } minutes late.
    }
waiting-note-next = You are next.
waiting-note-call-us = Please call the clinic by telephone.
fact-not-said = not said
fact-call-back = Call back: { $said }
fact-place = Is now at: { $said }
fact-emergency = In an emergency: { $said }
fact-beside = Beside the patient: { $role }
beside-patient = the patient
beside-guardian = a guardian
beside-interpreter = an interpreter
comes-as-guardian = Comes by the link for a guardian.
comes-as-interpreter = Comes by the link for an interpreter.
code-standing-right = Has said the clinic's code.
code-standing-asked-first = Is asked for the clinic's code.
code-standing-asked =
    { $left ->
        [one] Is asked for the clinic's code; one try is left.
       *[other] Is asked for the clinic's code; { $left } tries are left.
    }
clock-is-ahead = The clock of this machine is { $by } ahead. Set its date and time.
clock-is-behind = The clock of this machine is { $by } behind. Set its date and time.
