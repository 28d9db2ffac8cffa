### A clinician's notes: theirs alone, on their device.

own-notes = Notes
notes-close = Close notes
notes-help = For you alone: sealed on this device, sent nowhere. Export them to the patient's record when you are done.
notes-label = Your notes on this visit
note-about = { $began } · { $patient }
notes-kept = Notes that were not exported
notes-file = File to export to
notes-export = Export
notes-delete = Delete these notes
notes-delete-asked = Deleted notes cannot be brought back.
notes-delete-now = Delete for good
notes-keep = Keep them
key-notes = Notes, open and shut
notes-of-others =
    { $count ->
        [one] One more on this device was written by somebody else.
       *[other] { $count } more on this device were written by somebody else.
    }
notes-full = A note holds { $most } characters, and this one is full. Export it, or shorten it.
notes-exported = Written to { $place }. Nothing of it is kept here any more.
notes-not-kept = What you write is not on the disk, and is lost when Housecall closes. Make room there, or export it elsewhere.
notes-name-taken = Another file has this name. Choose another name.
notes-not-exported = The file cannot be written. Choose another folder, or make room there; your notes are still here.
