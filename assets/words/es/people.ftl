### Quién ha iniciado sesión y quién espera.

signed-in-as = Sesión de { $name } en { $server }
visit-of = Para { $patient }. El nombre no sale de este equipo.
nobody-waits = Todavía no espera nadie
visitor = Visitante con su enlace
visitor-beside = { $visitor } espera desde hace { $waited }.
visitor-waits = Espera desde hace { $waited }, preparándose
admit = Dejar pasar
decline = Rechazar
waiting-just-now = Acaba de llegar.
waiting-since = Lleva esperando { $waited }.
how-many-wait =
    { $count ->
        [one] Alguien espera
       *[other] Esperan { $count } personas
    }
visitor-waits-ready = Espera desde hace { $waited }, todo listo
