### What has to do with the desktop: settings, another window's link, a report of a crash, notifications.

settings = Settings
close-settings = Close settings
settings-help = They hold for this machine, and from now on.
appearance = How it looks
language = Language
as-the-system = As the system
look = Light or dark
look-light = Light
look-dark = Dark
contrast = Contrast
contrast-usual = Usual
contrast-high = High
no-motion = Nothing moves by itself
size = Size: { $percent } %
larger = Larger
smaller = Smaller
usual-size = Usual size
other-link = You opened the link of another visit. What is open here goes on; it ends if you open that one.
open-other-link = Open the other visit
stay-here = Stay here
crashed = Something went wrong the last time
crashed-why = A part of Housecall stopped, and we are sorry. It wrote down where. The report is on this machine alone and holds nothing of you or your visits: no names, no links, no addresses. Whoever looks after your computer can pass it on to us.
crash-report = The report
copy-report = Copy the report
delete-report = Delete the report
ask-later = Keep it for now
notify-waiting =
    { $count ->
        [one] Somebody is in the waiting room.
       *[other] { $count } people are in the waiting room.
    }
notify-admitted = You are let in. The visit begins.
# The sign in the tray, while nobody waits.
tray-nobody = Nobody waits
notify-show = Show
settings-kept-aside = Your settings could not be read, so Housecall begins with the usual ones. What was there is kept in { $aside }.
settings-not-kept = Your settings cannot be kept in { $path }: they hold until you close Housecall.
