### The audit log, for who reads it.

audit = The audit log
close-audit = Close the audit log
audit-rows = What happened
audit-of-kind = Kind
audit-any-kind = Everything
audit-whose = Account
audit-anybody = Anybody
audit-about = About (a visit or anything else with an id)
audit-from = From
audit-until = Until
audit-time-hint = 2026-10-25, or 2026-10-25 14:30
audit-look = Look
audit-no-rows = There are no such rows.
audit-older = Older
audit-newer = Newer
audit-rows-help = Each row that is shown was proven to be in the log. That none was left out of this list is not: the evidence of a visit shows that.
audit-rows-not-proven = These rows are what the server says. None of them is proven.
audit-device = What a device did
audit-device-help = Which visits were touched by a device, by what was done in its sessions.
audit-device-id = Device, machine or session
audit-device-hint = dev_…, mac_… or ses_…
audit-used-from = Used from
audit-used-until = Used until
audit-find-visits = Find its visits
audit-evidence = Evidence
audit-evidence-help = All that the log has of a visit, in a file that anybody can verify without this server (housecall-verify). That it was taken is written into the log.
audit-evidence-visit = Visit
audit-evidence-file = File
audit-write-evidence = Write the evidence
audit-access = Who has access now
audit-show-access = Show who has access now
audit-not-signed-in = Signed in nowhere.
audit-no-device = No device.
audit-times-of = Times are those of { $zone }.
audit-verified = Verified up to row { $rows }.
audit-verified-signed = Verified up to row { $rows }, signed { $at }.
audit-goes-on =
    { $since ->
        [one] It goes on from the one row that this machine has seen before.
       *[other] It goes on from the { $since } rows that this machine has seen before.
    }
audit-first-time = This machine sees this log for the first time, and keeps from now on what it has seen.
audit-key = Signed by the key { $key }. Compare it with the one that was written down when the server was set up.
audit-not-what-it-was = The clinic's audit log is not what it was.
audit-other-key = It is signed by another key than before.
audit-not-signed = What the server shows is not signed by the log's key.
audit-rolled-back = Rows that this machine has seen are gone.
audit-forked = It was rewritten, or others are shown another one.
audit-not-included = The server lists a row that is not in the log that it signed.
audit-tell-clinic = Tell whoever is responsible at your clinic, unless you know that a backup was brought back.
audit-no-time = This is not a time. Type a date, as 2026-10-25, or a date and a time, as 2026-10-25 14:30.
audit-no-id = This is not an id. It looks like vis_ and 22 letters and digits: copy it.
audit-no-device-id = This is not the id of a device (dev_…), a machine (mac_…) or a session (ses_…): copy it.
audit-no-file = Type where the file is to be written.
audit-file-exists = There is a file of this name already. Choose another name.
audit-file-not-written = The file could not be written: { $why }. Choose another folder.
audit-exported =
    { $file } is written: { $rows ->
        [one] one row
       *[other] { $rows } rows
    }, verified. { $agreed ->
        [one] One connection was
       *[other] { $agreed } connections were
    } seen alike by both ends, { $alone ->
        [one] one receipt has
       *[other] { $alone } receipts have
    } none from the other end. { $checkpoint } beside it is what this machine keeps of the log: give both to whoever verifies them.
audit-exported-refused = { $file } is written, and this machine refuses it ({ $name }). Keep it and { $checkpoint } beside it: they show that the log was tampered with, or that a backup was brought back.
audit-only-visit = Only { $visit }
audit-row-number = Row { $number }
audit-touched =
    { $sessions ->
        [0] No session of it was found
        [one] One session of it was found
       *[other] { $sessions } sessions of it were found
    }, and { $visits ->
        [0] no visit was touched
        [one] one visit was touched
       *[other] { $visits } visits were touched
    } in this time.
audit-touched-more = There is more than was looked through: choose a shorter time.
audit-touched-visit =
    { $first } to { $last }, by { $by }: { $rows ->
        [one] one row
       *[other] { $rows } rows
    }
audit-access-session = { $label }: signed in { $began }, used { $used } ({ $session })
audit-vouched = the clinic vouches for it as { $role } until { $until }
audit-certificate-over = its certificate is over
audit-revoked = revoked
audit-not-vouched = not vouched for by the clinic's key of today
audit-waits = waits to be certified
audit-listed = on the server's list; this machine is not certified, and cannot verify more
audit-visits-of = Visits of { $id }

## Who did it: behind it stands a colon, and what.

audit-by-server = The server
audit-by-operator = Whoever runs the server
audit-by-stranger = Somebody unknown
audit-by-app = An app in the visit

## Kinds of rows, in a list to choose from.

audit-kind-account-added = Accounts made
audit-kind-backed-up = Backups
audit-kind-box-removed = Sealed boxes removed
audit-kind-box-written = Sealed boxes written
audit-kind-clinic-set-up = Clinic set up or recovered
audit-kind-code-given = One-time codes given out
audit-kind-device-asked = Devices that asked to be certified
audit-kind-device-certified = Devices certified
audit-kind-device-forgotten = Devices taken off the list
audit-kind-disabled = Accounts disabled and enabled
audit-kind-endpoint = Joins, admissions and departures
audit-kind-exported = Evidence taken
audit-kind-hold = Legal holds
audit-kind-invite = Links
audit-kind-key-drawn = Server keys drawn
audit-kind-machine = Machines of sign-ins
audit-kind-notice-published = Revocations
audit-kind-password-changed = Passwords changed
audit-kind-proved-again = Proofs by fresh digits
audit-kind-receipt = Connections, as apps saw them
audit-kind-recovery-code-used = Recovery codes used
audit-kind-recovery-codes-drawn = Recovery codes drawn
audit-kind-refreshed = Sessions that went on
audit-kind-restored = Restored backups
audit-kind-reviewed = Reviews
audit-kind-role-changed = Roles changed
audit-kind-rows-erased = Rows erased after their time
audit-kind-session-ended = Sessions ended
audit-kind-sessions-ended = All sessions of an account ended
audit-kind-settings-changed = Settings of the server
audit-kind-signed-in = Sign-ins
audit-kind-signed-up = First sign-ins by a code
audit-kind-storage-key-changed = Storage key changed
audit-kind-take-overs-forgotten = Take-overs forgotten after their time
audit-kind-taken-over = Visits taken over
audit-kind-token-reused = Tokens shown twice
audit-kind-tries-failed = Failed sign-ins
audit-kind-visit = Visits
audit-kind-visit-forgotten = Visits forgotten after their time

## What happened: behind who did it.

audit-no-account = no account
audit-nobody = nobody
audit-nobodys-account = somebody who has no account
audit-whole-log = the whole log
audit-everything = everything
audit-account-added = made the account of { $staff } ({ $role }).
audit-backed-up = made a backup.
audit-box-removed = removed a sealed box about { $object }.
audit-box-written = wrote a sealed box about { $object }.
audit-clinic-set-up = set the clinic up; its generation is { $generation }.
audit-code-given = gave out a one-time code for { $staff }.
audit-first-code-given = gave out the first admin's one-time code.
audit-device-asked = { $device } of { $staff } asked to be certified.
audit-device-certified = certified { $device }.
audit-device-forgotten = took { $device } off the list.
audit-enabled = the account of { $staff } can be used again.
audit-disabled = the account of { $staff } can be used no more.
audit-evidence-taken =
    took evidence about { $about } ({ $rows ->
        [one] one row
       *[other] { $rows } rows
    }).
audit-held = put { $about } on legal hold.
audit-released = released { $about } from legal hold.
audit-key-drawn = a key of the server's was drawn.
audit-on-machine = { $session } of { $staff } is on { $machine }.
audit-notice-published = told later revocations (epoch { $epoch }).
audit-password-changed = the password of { $staff } is another one.
audit-proved-again = { $staff } proved by fresh digits who they are.
audit-recovery-code-used = { $staff } used a recovery code.
audit-recovery-codes-drawn = new recovery codes for { $staff }.
audit-refreshed = { $session } goes on.
audit-restored = all of this came out of a backup; everybody was signed out.
audit-reviewed = { $by } reviewed { $object }: { $outcome }.
audit-role-changed = { $staff } may now do what is for: { $role }.
audit-rows-erased =
    { $rows ->
        [one] erased one row whose time was over.
       *[other] erased { $rows } rows whose time was over.
    }
audit-session-ended = { $session } of { $staff } ended.
audit-sessions-ended = all sessions of { $staff } ended.
audit-signed-in = { $staff } signed in ({ $session }).
audit-signed-up = { $staff } began by a one-time code.
audit-storage-key-changed = what is sealed is sealed with another storage key.
audit-take-overs-forgotten =
    { $count ->
        [one] one reviewed take-over was forgotten.
       *[other] { $count } reviewed take-overs were forgotten.
    }
audit-taken-over = { $by } took over a visit of { $from }: { $reason }.
audit-token-reused = a token of { $staff } was shown twice; { $session } was ended.
audit-tries-failed =
    { $count ->
        [one] one failed try to sign in as { $staff }: { $factor }.
       *[other] { $count } failed tries to sign in as { $staff }: { $factor }.
    }
audit-factor-password = the password was wrong
audit-factor-disabled = the account can be used no more
audit-factor-second = the second factor was wrong
audit-factor-recovery-code = the recovery code was wrong
audit-factor-one-time-code = the one-time code was wrong
audit-no-relay = no relay
audit-relays-alone = relays alone
audit-relay-where-needed = a relay where it is needed
audit-settings-changed =
    serves with { $relay }{ $private ->
        [yes] , into private networks too
       *[no] {""}
    }; keeps the log for { $log ->
        [one] one day
       *[other] { $log } days
    } and patients' names for { $names }.
audit-visit = a visit of { $whose } stands: { $state }.
audit-visit-locked = a visit of { $whose } stands: { $state }, locked.
audit-visit-ended = ended ({ $why })
audit-visit-forgotten = nothing is kept of the visit any more.
audit-link-taken-back = a link for a { $role } was taken back.
audit-link-good = a link for a { $role } is good.
audit-link-tried =
    { $tries ->
        [one] a link for a { $role }: the clinic's code was tried once.
       *[other] a link for a { $role }: the clinic's code was tried { $tries } times.
    }
audit-the-clinician = the clinician
audit-a-guest = a guest
audit-end-gone = { $who } is gone ({ $reason }).
audit-end-admitted = { $who } is in the visit.
audit-end-denied = { $who } was not let in.
audit-end-waits = { $who } waits to be let in.
audit-connection-opened = a connection was opened, { $path }; { $level }.
audit-connection-closed = a connection was closed, { $path }; { $level }.
audit-path-direct = directly
audit-path-relayed = by a relay
audit-path-unknown = by a way that it did not know
audit-level-compared = digits were compared
audit-level-known = a device that was met before
audit-level-page = the link was opened in a page
audit-level-link = the link was opened in an app

## Words of the rows.

audit-word-patient = patient
audit-word-guardian = guardian
audit-word-interpreter = interpreter
audit-word-scheduled = scheduled
audit-word-open = open
audit-word-active = active
audit-word-paused = paused
audit-word-ended = ended
audit-word-host-ended = host ended
audit-word-abandoned = abandoned
audit-word-expired = expired
audit-word-cancelled = cancelled
audit-word-no-show = no show
audit-word-left = left
audit-word-connection-lost = connection lost
audit-word-removed = removed
audit-word-emergency = emergency
audit-word-clinician-absent = clinician absent
audit-word-device-failed = device failed
audit-word-asked = asked
audit-word-justified = justified
audit-word-not-justified = not justified
