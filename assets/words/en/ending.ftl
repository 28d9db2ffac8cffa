### How a visit ended, for the patient and for the clinician.

end-visit-over-title = The visit is over
end-hung-up = You ended the call. To come back, open your link again.
end-they-hung-up = The clinic ended the call. You can close this window.
end-denied-title = Not let in
end-denied = The clinic did not let you in. Call the clinic if this is a mistake.
end-removed = The clinic ended your part in the visit. Call the clinic if this is a mistake.
end-visit-over = Its time is over, or nobody was in it any more. Call the clinic if you need another.
end-no-connection-title = No connection
end-no-connection = The two apps could not reach each other. Try another network, such as a telephone's, or call the clinic.
end-handshake-unfinished-title = The connection is too weak
end-handshake-unfinished = A way to the clinic was found, but it is too weak for a safe call. Try another network, or call the clinic.
end-connection-lost-title = The connection was lost
end-connection-lost = It did not come back within ten minutes. Look after your network, then open your link again, or call the clinic.
visit-is-elsewhere = It was handed over, or another device of yours holds it now.
call-end-by-us = You ended the visit.
call-end-by-them = The patient ended the call.
call-end-visit-over = The visit's time was over, or all were away too long.
call-end-no-connection = No connection to the patient was found. They may try another network.
call-end-handshake-unfinished = The way to the patient was too weak for a safe call. They may try another network.
call-end-connection-lost = The connection was lost and did not come back.
# Hours of the clinic's day, as 14:30.
talked-between = From { $from } to { $until }.
link-was-good = The connection was good.
link-was-fair = For { $spent } a little of the voice was lost now and then.
link-was-poor = For { $spent } the connection was too thin for the picture, or lost much.
went-directly = Voice and picture went from one computer to the other, sealed.
went-by-a-relay = Voice and picture went by the clinic's relay, sealed: it cannot open them.
# How sure it was who was there, as in the line above a call.
level-in-the-end = Who was there: { $level }.
talked-never = Nobody talked.
talked = You talked for { $talked }.
talked-and-lost =
    { $lost ->
        [one] You talked for { $talked }; the connection was lost once and came back.
       *[other] You talked for { $talked }; the connection was lost { $lost } times and came back.
    }
