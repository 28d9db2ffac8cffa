### Lo que se pregunta al paciente, y lo que rodea la conversación.

code-asked = La clínica pide un código
code-asked-help = La clínica se lo dio por otro medio que el enlace: por teléfono, por carta o en persona.
code = Código
say-code = Enviar el código
facts-asked = Por si ocurre algo
facts-help = Solo lo lee la aplicación de su profesional. Se olvida al terminar la visita.
place = Dónde está usted ahora
place-hint = Calle, número, localidad
call-back = Teléfono para devolverle la llamada
emergency = A quién llamar en una emergencia
emergency-hint = Nombre y número
guardian-beside = Me acompaña mi tutor o tutora
interpreter-beside = Me acompaña un intérprete
say-facts = Decírselo a mi profesional
facts-said = Su profesional puede leerlo.
change-facts = Cambiarlo
facts-not-said = El paciente no ha dicho dónde está. Pregúnteselo.
key-facts = Dónde está el paciente y a quién llamar
time-nearly-over = El tiempo de esta visita termina en cinco minutos.
time-over = El tiempo de esta visita ha terminado. Continúa hasta que usted cuelgue.
more-time = 15 minutos más
door-unlock = Volver a dejar entrar
door-lock = No dejar entrar a nadie más
take-out = Sacar de la visita
code-wrong =
    { $left ->
        [one] Ese no era el código. Puede intentarlo una vez más. Si tiene dudas, llame a la clínica.
       *[other] Ese no era el código. Puede intentarlo { $left } veces más.
    }
waiting-note-late =
    { $minutes ->
        [one] Su profesional se retrasará alrededor de un minuto.
       *[other] Su profesional se retrasará unos { $minutes } minutos.
    }
waiting-note-next = Es su turno a continuación.
waiting-note-call-us = Por favor, llame a la clínica por teléfono.
fact-not-said = no lo ha dicho
fact-call-back = Teléfono: { $said }
fact-place = Está ahora en: { $said }
fact-emergency = En una emergencia: { $said }
fact-beside = Junto al paciente: { $role }
beside-patient = el paciente
beside-guardian = su tutor o tutora
beside-interpreter = un intérprete
comes-as-guardian = Viene con el enlace para tutores.
comes-as-interpreter = Viene con el enlace para intérpretes.
code-standing-right = Ha dicho el código de la clínica.
code-standing-asked-first = Se le pide el código de la clínica.
code-standing-asked =
    { $left ->
        [one] Se le pide el código de la clínica; queda un intento.
       *[other] Se le pide el código de la clínica; quedan { $left } intentos.
    }
clock-is-ahead = El reloj de este equipo va adelantado { $by }. Ajuste la fecha y la hora.
clock-is-behind = El reloj de este equipo va atrasado { $by }. Ajuste la fecha y la hora.
