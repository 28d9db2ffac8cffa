### Breaking the glass: taking a colleague's visit over, and reviewing it.

visits-of-colleagues = Take over a colleague's visit
visits-of-colleagues-why = Only when they cannot hand it over to you. An admin or auditor of your clinic reviews each within three days.
no-visits-of-colleagues = No colleague has a visit today that is not over.
close-visits-of-colleagues = Close the colleagues' visits
why-taken-over = Why you take it over
note-of-taking-over = In your own words
note-of-taking-over-help = Sealed on this machine: whoever reviews it can read it, the server cannot.
take-over-digits = Six digits of your authenticator app, to take it over
take-over-now = Take it over
taken-over = You took this visit over. It is to be reviewed.
taken-over-sealed = You took this visit over, and nobody who can has let this device read it yet: an open window of your front desk does that by itself. If nobody is there, make a new link and give it to the patient; the link they have does not lead to you.
reviews = Visits that were taken over
close-reviews = Close what was taken over
no-reviews = No visit was taken over from a colleague.
justified = It was right
not-justified = It was not right
reason-emergency = Somebody may be in danger
reason-clinician-absent = They are not there
reason-device-failed = Their device or network fails
reason-asked = They asked me to
visit-of-colleague = A visit of { $whose }
take-over-from = Take over from { $name }…
reviews-waiting =
    { $count ->
        [one] Visits that were taken over: one to review
       *[other] Visits that were taken over: { $count } to review
    }
taken-over-by =
    { $reason ->
        [emergency] { $by } took over a visit of { $from }, { $ago } ago: somebody may be in danger.
        [absent] { $by } took over a visit of { $from }, { $ago } ago: they are not there.
        [device] { $by } took over a visit of { $from }, { $ago } ago: their device or network fails.
       *[asked] { $by } took over a visit of { $from }, { $ago } ago: they asked me to.
    }
review-justified = Reviewed: it was right.
review-not-justified = Reviewed: it was not right.
review-within = To be reviewed within { $left }.
review-overdue = Its review is overdue.
some-colleague = a colleague
held-with-patient = They are in it, and a patient is.
held-and-waits = They are in it. Somebody has waited for { $waited }.
held-and-nobody = They are in it, and nobody waits.
not-held-with-patient = They are not in it, and a patient is.
not-held-and-waits = They are not in it. Somebody has waited for { $waited }.
not-held-and-nobody = They are not in it, and nobody waits.
