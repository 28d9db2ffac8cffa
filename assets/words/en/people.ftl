### Who is signed in, and who waits.

signed-in-as = Signed in as { $name } at { $server }
visit-of = For { $patient }. The name stays on this machine.
nobody-waits = Nobody waits yet
visitor = Visitor with your link
visitor-beside = { $visitor } waits for { $waited }.
visitor-waits = Waits for { $waited }, getting ready
admit = Admit
decline = Decline
waiting-just-now = You came just now.
waiting-since = You have waited for { $waited }.
how-many-wait =
    { $count ->
        [one] Somebody waits
       *[other] { $count } people wait
    }
visitor-waits-ready = Waits for { $waited }, ready
