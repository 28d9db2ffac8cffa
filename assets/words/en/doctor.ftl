### The check before a visit: what will work, why not more, what to do; and the page for who looks after the network.

doctor-call-clinic = If you cannot change that before your visit, call the clinic.
headline-blocked = Visits are blocked by this network.
headline-nothing = A visit will not work.
headline-voice-thin = Voice only: the link is too thin for a picture.
headline-voice-lossy = Voice only: too much gets lost for a picture.
headline-still-pictures = Voice, and a new picture every few seconds.
headline-unmeasured = Visits get through from here.
headline-picture-and-voice = Picture and voice will work.
because-no-network = This computer is in no network. Plug in a cable or choose a Wi-Fi, then try again.
because-name-unknown = Nobody knows the clinic's server by its name. Check the address; if it is right, the network's name service does not work: try another network.
because-server-silent = Nothing comes back from the clinic's server. Either it is off, or this network is closed: see whether a web page opens, and ask who runs the network for TCP and UDP port { $port }.
because-server-refuses = Nobody answers at port { $port } of the clinic's server. It is off, or the address is wrong: ask the clinic, or try again later.
because-proxy-blocks = This network's proxy does not connect to the clinic's server. Ask who runs the network to let it connect there, port { $port }.
because-proxy-script = { $fault }, and without a proxy nobody is reached. Ask who runs the network to mend it, or to name a proxy that connects to the clinic's server, port { $port }.
because-other-certificate = The server's certificate is not the one that the clinic told. Somebody may be in between, a security program or this network; or the clinic has a new certificate. Try another network, or ask the clinic for a new link.
because-untrusted-certificate = This computer does not trust the server's certificate. Check the computer's date and time; if they are right, this network may look into what you send: ask who runs it, or try another.
because-too-old-tls = What answers in the clinic's place speaks no TLS 1.3. A filter in this network may stand in between: ask who runs it to except the clinic's server, or try another network.
because-stranger = Something else answers in the clinic's place. Many networks ask to sign in first: open any web page, sign in to the network, then try again.
because-server-broken = The connection to the clinic's server breaks off. Try again; if it stays so, try another network.
because-clock-ahead = This computer's clock is { $by } ahead. Set the date and time, or signing in may fail.
because-link-unusable = This link cannot be used: it was made for another server, or it leads nowhere any more. Ask the clinic for a new link.
because-link-expired = This link's time is over. Ask the clinic for a new link.
because-visit-over = The visit that this link is for is over. Ask the clinic for a new link.
because-media-blocked = The clinic is reached, but this network lets neither voice nor picture through. Ask who runs it for port { $port } to the clinic's server, by UDP or by TCP with TLS, without looking into it.
because-datagrams-blocked-tls = This network lets no UDP through, so voice and picture go the way of web pages: they may stop for a moment where packets get lost. Better: ask who runs it for UDP port { $port } to the clinic's server.
because-datagrams-blocked-tcp = This network lets neither UDP nor TLS to the relay through, so voice and picture go by TCP: they may stop for a moment where packets get lost. Better: ask who runs it for UDP port { $port } to the clinic's server.
because-relay-blocked = The clinic's relay is not reached as it should be. Visits work where the two computers reach each other straight. Ask who runs this network for UDP to the clinic's relay.
because-nothing-hides = This computer's address is to be hidden, and the clinic's relay, which would hide it, is not reached. Do not hide it, or ask who runs this network for port { $port } to the clinic's server, by UDP or by TCP with TLS.
because-no-relay = The clinic's server relays nothing. Visits work where the two computers reach each other straight, and not in every network. Ask the clinic to run a relay.
because-thin-up = The link from here carries { $kbps } kbps. Close what else sends, or move closer to the Wi-Fi, or use a cable.
because-thin-down = The link to here carries { $kbps } kbps. Close what else is downloading, or move closer to the Wi-Fi, or use a cable.
because-loses-packets = Of a hundred packets { $percent } get lost on the way. Move closer to the Wi-Fi, or use a cable; voice and picture get by with a few.
because-far-away = An answer takes { $seconds }.{ $tenths } seconds on this link, as by satellite. Wait a moment before you speak; another network may be nearer.
because-silent-microphone = The microphone gives nothing but silence. Look for a switch on it or on the headset, and whether it is muted in the system's settings.
noted-rate-not-asked = How fast the link is was not measured: that takes a visit's link, or an account of the clinic's staff.
noted-rate-too-often = How fast the link is was not measured: too much was measured from this network just now. Try again in a few minutes.
noted-rate-unknown = How fast the link is could not be measured.
noted-proxy-script = { $fault }; visits do without it. Tell who runs the network.
script-missing = This network's proxy script (PAC) cannot be had from where it should be
script-broken = This network's proxy script (PAC) is no script, or it fails
script-endless = This network's proxy script (PAC) does not come to an end
script-greedy = This network's proxy script (PAC) wants more memory than it gets
script-no-way = This network's proxy script (PAC) names no proxy that this app can use
page-what = what
page-how = how
page-with = with
page-came = came of it
page-straight = straight
page-by-proxy = proxy
page-seen-as = seen as { $address }
page-proxy-none = none
page-proxy-named = named by the environment, the system or a script
page-proxy = proxy
page-relay-unknown = not said; the server's own port was asked
page-relay-there = there is one
page-relay-elsewhere = none was asked
page-relay-none = there is none
page-relay = the clinic's relay
page-packets-came = { $answered } of { $sent } answered; round trip { $trip } ms, slowest { $slowest } ms
page-packets = packets like a voice's
page-rate-came = up at least { $up } kbps, down at least { $down } kbps
page-rate = rate, by HTTPS
page-clock = clock
page-clock-came = { $ahead } s against the server's
page-link-unknown = not asked, or not answered
page-link-good = leads to a visit
page-link-unusable = cannot be used
page-link-expired = its time is over
page-link-ended = the visit is over
page-link = the visit's link
page-device-works = works
page-device-silent = gives silence
page-device-trouble = does not work
page-device-unwanted = not tried
rung-name-https = server, HTTPS
rung-name-stun = own address, STUN
rung-name-relay-udp = relay, UDP
rung-name-relay-tcp = relay, TCP
rung-name-relay-tls = relay, TLS
works-at-once = works, under 1 ms
works-after = works, { $millis } ms
fault-name-unknown = the name is not known
fault-refused = refused: nobody listens there
fault-silent = no answer in time
fault-no-route = no route from here
fault-proxy = the proxy does not connect
fault-proxy-script = the proxy script cannot be used, nor is it reached straight
fault-other-certificate = another certificate than the pinned one
fault-untrusted = a certificate that is not trusted
fault-too-old-tls = no TLS 1.3
fault-stranger = something else answers
fault-no-relay = reached, and no relay answers
fault-broken = the connection broke
device-tried-works =
    { $device ->
        [camera] Camera works.
        [microphone] Microphone works.
       *[speaker] Loudspeaker works.
    }
device-tried-unwanted =
    { $device ->
        [camera] Camera was not tried.
        [microphone] Microphone was not tried.
       *[speaker] Loudspeaker was not tried.
    }
because-clock-behind = This computer's clock is { $by } behind. Set the date and time, or signing in may fail.
packets-came-back = packets: { $answered } of { $sent } came back
rates-found = rate: at least { $up } kbps up, { $down } kbps down
