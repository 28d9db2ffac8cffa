### Keys of devices and of the clinic.

opening-keys = Opening your keys…
ask-anew = Ask anew
in-memory = This machine has no keyring that takes keys, so they are gone when this window is closed. Turn the system's keyring on, then sign in again.
compare-here = Read these digits with your admin, side by side or on the telephone, not by e-mail or chat. Are they the same on both screens?
agreeing = The two apps are agreeing on the digits…
standing-opening = If the system asks for your keyring's password, type it.
standing-keyring-locked-title = Your keyring is locked
standing-keyring-locked = The keys of this device are in the system's keyring, and it did not open. Unlock it, then try again.
standing-keyring-unreadable-title = Your keys cannot be read
standing-keyring-unreadable = What the keyring keeps is damaged, or of a newer app. Update this app; if that does not help, ask anew.
standing-no-clinic-title = Your clinic is not set up yet
standing-no-clinic = An admin has to set the clinic up first. Ask your admin to sign in; this goes on by itself.
standing-waiting-title = This device is new
standing-waiting = Your admin has to let it in. Call your admin and stay here: ten digits appear, and you compare them.
standing-comparing-title = Compare the digits
standing-confirmed-title = Almost there
standing-confirmed = Your admin's app is certifying this device. Stay here; if it lasts, ask your admin to say that the digits are the same.
standing-differ-title = The digits differ
standing-differ = Somebody may be between this device and your clinic, so nothing was certified. Call your admin, and ask anew from another network.
standing-refused-title = This device was not let in
standing-refused = An admin refused it, or nobody compared digits in time. Call your admin, then ask anew.
standing-certified-title = This device is enrolled
standing-over-title = This device's certificate is over
standing-over = It is renewed as soon as your admin signs in. Ask your admin to open Housecall, and look whether this machine's clock is right.
standing-replaced-title = Your clinic was recovered
standing-replaced = Your admin has to certify this device anew. Ask your admin to open Housecall; this goes on by itself.
standing-revoked-title = This device was revoked
standing-revoked = Your clinic has said that it is lost, so it may do nothing any more. Call your admin if you have it, and ask anew.
standing-another-clinic-title = This is another clinic
standing-another-clinic = The server says that it is not the clinic to which this device belongs. Do not go on; call who runs the server. Only if your clinic began anew, ask anew.
certified-for-clinician = It is certified for a clinician's account. Sign in with that one to hold visits.
certified-for-admin = It is certified for an admin. Devices are let in on the laptop that holds the clinic's keys.
certified-for-auditor = It is certified for an auditor. By it the devices of your colleagues are verified, and notes of take-overs open.
certified-for = It is certified for the { $role }. There is nothing more to do here yet.
role-name-admin = admin
role-name-clinician = clinician
role-name-front-desk = front desk
role-name-auditor = auditor
certificate-over-today = This device's certificate is over today. Ask your admin to open Housecall, which renews it.
certificate-over-soon =
    { $days ->
        [one] This device's certificate is over in a day at most. Ask your admin to open Housecall, which renews it.
       *[other] This device's certificate is over in { $days } days at most. Ask your admin to open Housecall, which renews it.
    }
keys-problem-sheet-group = Group { $group } is not as it stands on the sheet. Look at it again and type it anew.
keys-problem-sheet-length = The sheet has eight groups of five letters and digits. Type all of them.
keys-problem-another-sheet = This sheet is of another clinic. Look for the one with this clinic's fingerprint.
keys-problem-name = Patients see this name: it has 1 to 64 letters. Type it again.
keys-problem-check-failed = The two apps did not come to digits, and nothing was certified. Compare again; if it fails twice, try another network.
keys-problem-checked-too-often = Digits were compared too often, so the request was taken back. Ask anew on the new device.
keys-problem-differed = The digits differed: somebody may be between you and that device, and it was refused. Call its person, and try from another network.
keys-problem-too-many-revoked = More devices were lost within a week than one list takes. Recover the clinic with the sheet, and certify anew who is left.
keys-problem-too-many-wait = Two other devices of this account wait already. Ask your admin to refuse those that you do not use, then sign in again.
keys-problem-odd-answer = The server answered something that cannot be. Try again; if it lasts, call who runs the server.
office = Your clinic's devices
set-up = Set up your clinic
set-up-why = This laptop makes your clinic's key: by it, patients' apps know that they reach you and nobody else. The server never has it. You print it on a recovery sheet; have a printer or a pen ready.
sheet = Your recovery sheet
sheet-why = Print it, or write it down, and lock it away like a passport. It brings the clinic back when this laptop is lost. Whoever has it can pose as your clinic. It is shown once.
print-sheet = Open the sheet to print it
sheet-groups = The eight groups
type-back = Type two groups from the paper, so that it is certain that you can read it.
confirm-sheet = The sheet is safe; set up the clinic
not-now-sheet = Not now; forget this sheet
waiting-devices = Waiting to be let in
none-wait = No device waits. Who signs in on a new one appears here.
enrolled-devices = On the list
call-them = Call its person on the telephone, or stand beside them.
name-shown = Name, as patients see it
ask-same = Are these digits the same on the new device?
revoke-why = It may do nothing any more, its person is signed out everywhere, and calls that it is in are ended. This cannot be taken back.
revoke-now = Revoke it now
elsewhere = Your clinic's keys are on another laptop
elsewhere-why = Devices are let in and revoked there. If that laptop is lost or broken, the recovery sheet brings the clinic here.
recover = Recover the clinic
recover-why = Type the eight groups of the sheet. The other laptop can certify nothing any more, and every device has to be certified anew, here.
sheet-typed = Recovery sheet
recover-now = Recover it here
busy = Telling the server…
sheet-written = It was written to { $path } and is deleted when you go on. Do not copy it elsewhere.
group = Group { $number }
fingerprint = The clinic's fingerprint: { $fingerprint }
waits = Device { $number }
says-it-is = The server says: an account for the { $role }.
let-in = Let in { $who }
refuse = Refuse { $who }
revoke = Revoke { $who }
certify-anew = Certify { $who } anew
really-revoke = Is the device of { $who } lost?
device-nameless = A device without a name
row-this = This laptop, which holds the clinic's keys.
row-certified = Certified.
row-anew = Certified before the clinic was recovered. Certify it anew only if you know it.
row-unknown = Not known to this laptop. Revoke it, and let its person ask anew.
issuer-over =
    { $days ->
        [one] This laptop may certify for one more day. Before that, recover the clinic with the sheet here, at an hour without visits.
       *[other] This laptop may certify for { $days } more days. Before that, recover the clinic with the sheet here, at an hour without visits.
    }
try-again-now = Try again
role-of-device = This device is for the
keys-problem-not-sealed = What is shared about the device could not be sealed, and nothing was certified. Try again; if it lasts, update this app.
