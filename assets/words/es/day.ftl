### El día: quién viene y cuándo, y quién espera.

no-visits = No hay visitas este día.
day-before = El día anterior
today = Hoy
day-after = El día siguiente
link-made = El enlace para su paciente. Quien lo tenga puede pedir entrar.
put-link-away = Guardar el enlace
hold-visit = Abrir esta visita
take-here = Traerla a este dispositivo
clinician = De quién es la visita
nobodys-yet = De nadie todavía
move-to = Cambiarla a
move-length = Cuánto durará entonces
move-it = Cambiarla; el enlace se mantiene
more = Más
less = Menos
tell-late = Avisar: 5 minutos de retraso
tell-later = Avisar: 15 minutos de retraso
tell-next = Avisar: es su turno
tell-call-us = Avisar: llámenos
reinvite = Crear un enlace nuevo
invite-guardian = Crear un enlace para su tutor o tutora
invite-interpreter = Crear un enlace para un intérprete
hand-this-over = Ceder esta visita
hand-this-over-help = Usted sale; su paciente se queda y espera a su colega.
no-show = No vino nadie
cancel-visit = Anularla
plan-visit = Planificar una visita
plan-help = El nombre, las notas y el código se sellan para los dispositivos de sus colegas antes de salir de este equipo.
patient-name = Nombre del paciente
start-time = Fecha y hora en la clínica
start-hint = { $example }; si está vacío, ahora
notes = Notas para colegas
patient-code = Código que debe decir el paciente
patient-code-hint = Solo si se lo da por otro medio
length = Cuánto dura
plan = Planificarla y crear su enlace
clocks-change = A esa hora cambia el reloj. ¿A cuál de las dos se refiere?
minutes =
    { $minutes ->
        [one] { $minutes } minuto
       *[other] { $minutes } minutos
    }
at-time = A las { $time }
take-back-patient = Retirar el enlace del paciente
take-back-guardian = Retirar el enlace del tutor o tutora
take-back-interpreter = Retirar el enlace del intérprete
hand-over-to = Ceder a { $name }
patient-not-shared = Un paciente cuyo nombre no se comparte con este dispositivo
patient-nameless = Un paciente sin nombre
visit-is-colleagues = De un colega.
visit-is-nobodys = De nadie todavía.
visit-cancelled = Anulada.
visit-no-show = No vino nadie.
visit-expired = Su tiempo ha terminado.
visit-is-over = Terminada.
visit-waits-away = Ha esperado { $waited }; ahora mismo se ha perdido su conexión.
visit-waits = Espera desde hace { $waited }.
visit-elsewhere = Abierta en otro dispositivo suyo.
visit-held = Alguien la atiende ahora mismo.
visit-somebody-in = Hay alguien en ella.
visit-nobody-came = Todavía no ha venido nadie.
