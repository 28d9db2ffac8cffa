### The recovery sheet as a page to print.

sheet-page-title = Housecall recovery sheet
sheet-page-print-now = Print this page now (Ctrl+P), then close it. The file is deleted when you go on in Housecall.
sheet-page-heading = Recovery sheet of your clinic
sheet-page-server = Server: { $server }
sheet-page-what-for = What it is for
# “Recover the clinic” is the button “recover”.
sheet-page-recover = If the admin's laptop is lost or broken, sign in as admin on another one, choose “{ recover }” and type these eight groups. Links that patients have keep working, and the lost laptop can certify nothing any more.
sheet-page-how-to-keep = How to keep it
sheet-page-keep = Whoever has this sheet can pose as your clinic. Lock it away like a passport: in a safe, or with your notary. No photograph, no copy on a computer, no e-mail. A second printed copy in another building is a good idea. If it may have been seen, your clinic has to begin anew with another key.
sheet-page-signs = Letters and digits: there is no letter O, I, L or U; a 0 is a zero and a 1 is a one. The last sign of each group is a check.
sheet-page-printed-on = Printed on
sheet-page-kept-by = Kept by
sheet-not-written = The sheet cannot be written to { $path }: { $error }. Write the eight groups down by hand, or make room there.
