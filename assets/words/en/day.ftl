### The day: who comes when, who waits.

no-visits = No visits on this day.
day-before = The day before
today = Today
day-after = The day after
link-made = The link for your patient. Whoever has it may knock.
put-link-away = Put the link away
hold-visit = Open this visit
take-here = Take it over to this device
clinician = Whose visit it is
nobodys-yet = Nobody's yet
move-to = Move it to
move-length = How long it takes then
move-it = Move it; the link stays
more = More
less = Less
tell-late = Say: 5 minutes late
tell-later = Say: 15 minutes late
tell-next = Say: you are next
tell-call-us = Say: call us
reinvite = Make a new link
invite-guardian = Make a link for a guardian
invite-interpreter = Make a link for an interpreter
hand-this-over = Hand this visit over
hand-this-over-help = You leave it; your patient stays and waits for your colleague.
no-show = Nobody came
cancel-visit = Call it off
plan-visit = Plan a visit
plan-help = Name, notes and code are sealed to your colleagues' devices before they leave this machine.
patient-name = Patient's name
start-time = Date and time at the clinic
start-hint = { $example }; now, if it is empty
notes = Notes for colleagues
patient-code = Code that the patient must say
patient-code-hint = Only if you give it to them by another way
length = How long it takes
plan = Plan it and make its link
clocks-change = The clocks change at that time. Which of the two do you mean?
minutes =
    { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }
at-time = At { $time }
take-back-patient = Take back the patient's link
take-back-guardian = Take back the guardian's link
take-back-interpreter = Take back the interpreter's link
hand-over-to = Hand over to { $name }
patient-not-shared = A patient whose name is not shared with this device
patient-nameless = A patient without a name
visit-is-colleagues = A colleague's.
visit-is-nobodys = Nobody's yet.
visit-cancelled = Called off.
visit-no-show = Nobody came.
visit-expired = Its time is over.
visit-is-over = Over.
visit-waits-away = Has waited for { $waited }; their link is gone just now.
visit-waits = Waits for { $waited }.
visit-elsewhere = Open on another device of yours.
visit-held = Somebody holds it just now.
visit-somebody-in = Somebody is in it.
visit-nobody-came = Nobody has come yet.
