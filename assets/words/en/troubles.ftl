### What went wrong before there was a visit: with the link, and with reaching the clinic's server.

link-is-none = This is not a Housecall link. Copy the whole link that the clinic sent you.
link-is-damaged = This link is damaged. Copy the whole link again.
link-is-not-whole = This link is not whole: the part from the # on is missing. Copy the whole link again.
link-is-newer = This link was made by a newer Housecall. Update this app.
link-is-for-browser = This link is made for a browser, and a browser could not check the server. Ask the clinic for a housecall: link.
server-address = This is not a server's address. Copy the whole link again, or ask the clinic for it.
server-no-authorities = This machine has no certificate authorities to check the server by. Install them (on Debian: ca-certificates), or ask the clinic for the pin of its certificate.
server-unreachable = The clinic's server cannot be reached. Check this machine's network, then try again, or call the clinic.
server-proxy-script = The clinic's server cannot be reached. { $fault }. Ask who runs the network, or name the proxy itself in HTTPS_PROXY.
server-other-certificate = The server's certificate is not the one that the link names: somebody may be in between, or the clinic has a new certificate. Ask the clinic for a new link.
server-untrusted = This machine does not trust the server's certificate. Check this machine's date and time; if they are right, ask the clinic for a link with its pin.
server-too-old-tls = The clinic's server does not speak TLS 1.3, and this app speaks nothing older. Call the clinic: its server must be updated.
server-stranger = Something else answers in the place of the clinic's server. Open any web page to see whether this network asks to sign in first, then try again.
