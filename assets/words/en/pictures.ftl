### How the pictures of a call are sent: why on a thin link they are not as usual, at both sides, and what can be chosen.

own-on-thin-link-slides = Your picture is being sent as single frames: the link is thin. Your voice goes first.
own-on-thin-link-off = Your picture is not being sent: the link is too thin. They hear you, and it comes back by itself.
theirs-on-thin-link-slides = Their picture comes as single frames: their link is thin. Their voice goes first.
theirs-on-thin-link-off = Their picture does not come: their link is too thin. You hear them, and it comes back by itself.
their-link-too-thin = Their link is too thin for a picture
chosen-saving = Data is being saved, so the pictures are small.
chosen-saving-theirs = They save data, so the pictures are small.
chosen-sharp = The pictures are sharp and move slowly, as one of you has chosen.
pictures = Pictures on a thin link
for-both = For the pictures of both of you; either of you can change it.
save-data = Save data: small pictures, both ways
key-mode = Pictures smooth or sharp
key-save-data = Save data, or not
mode-smooth = Smooth: for talk and sign language
mode-sharp = Sharp, but slow: for documents and skin
