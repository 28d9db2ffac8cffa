### Hacerse cargo de la visita de un colega, y revisarlo.

visits-of-colleagues = Hacerse cargo de la visita de un colega
visits-of-colleagues-why = Solo si no puede cedérsela. La administración o la auditoría de su clínica revisa cada caso en un plazo de tres días.
no-visits-of-colleagues = Hoy ningún colega tiene una visita sin terminar.
close-visits-of-colleagues = Cerrar las visitas de colegas
why-taken-over = Por qué se hace cargo
note-of-taking-over = Con sus propias palabras
note-of-taking-over-help = Se sella en este equipo: puede leerlo quien lo revisa, el servidor no.
take-over-digits = Seis cifras de su aplicación de autenticación, para hacerse cargo
take-over-now = Hacerse cargo
taken-over = Usted se ha hecho cargo de esta visita. Queda por revisar.
taken-over-sealed = Usted se ha hecho cargo de esta visita, y nadie que pueda ha dejado todavía que este dispositivo la lea: una ventana abierta de su recepción lo hace por su cuenta. Si no hay nadie, cree un enlace nuevo y déselo al paciente; el que tiene no lleva hasta usted.
reviews = Visitas de las que alguien se hizo cargo
close-reviews = Cerrar esta lista
no-reviews = Nadie se hizo cargo de la visita de un colega.
justified = Estuvo bien
not-justified = No estuvo bien
reason-emergency = Alguien puede estar en peligro
reason-clinician-absent = No está
reason-device-failed = Falla su dispositivo o su red
reason-asked = Me lo pidió
visit-of-colleague = Una visita de { $whose }
take-over-from = Hacerse cargo en lugar de { $name }…
reviews-waiting =
    { $count ->
        [one] Visitas de las que alguien se hizo cargo: una por revisar
       *[other] Visitas de las que alguien se hizo cargo: { $count } por revisar
    }
taken-over-by =
    { $reason ->
        [emergency] { $by } se hizo cargo de una visita de { $from }, hace { $ago }: alguien podía estar en peligro.
        [absent] { $by } se hizo cargo de una visita de { $from }, hace { $ago }: no estaba.
        [device] { $by } se hizo cargo de una visita de { $from }, hace { $ago }: fallaba su dispositivo o su red.
       *[asked] { $by } se hizo cargo de una visita de { $from }, hace { $ago }: así se lo pidió.
    }
review-justified = Revisado: estuvo bien.
review-not-justified = Revisado: no estuvo bien.
review-within = Por revisar en un plazo de { $left }.
review-overdue = El plazo de su revisión ha pasado.
some-colleague = un colega
held-with-patient = La está atendiendo, y hay un paciente.
held-and-waits = La está atendiendo. Alguien espera desde hace { $waited }.
held-and-nobody = La está atendiendo, y no espera nadie.
not-held-with-patient = No la está atendiendo, y hay un paciente.
not-held-and-waits = No la está atendiendo. Alguien espera desde hace { $waited }.
not-held-and-nobody = No la está atendiendo, y no espera nadie.
