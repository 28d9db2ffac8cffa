### Lo que los dos se entregan durante una visita: mensajes, archivos, fotografías en tamaño completo.

handing = Mensajes y archivos
handing-close = Cerrar mensajes y archivos
handing-short = Mensajes
handing-new =
    { $new ->
        [one] Mensajes y archivos: { $new } nuevo
       *[other] Mensajes y archivos: { $new } nuevos
    }
handing-new-messages =
    { $new ->
        [one] Hay un mensaje nuevo.
       *[other] Hay { $new } mensajes nuevos.
    }
handing-offered-now =
    { $count ->
        [one] Le ofrecen un archivo.
       *[other] Le ofrecen { $count } archivos.
    }
handing-show = Mostrar
handing-messages = Mensajes
handing-files = Archivos y fotografías

## What is written.
handing-gone-host = Lo que se escribe aquí desaparece al terminar la visita, a menos que usted lo guarde.
handing-gone-guest = Lo que se escribe aquí desaparece al terminar la visita, a menos que su profesional lo guarde.
handing-nothing-written = Todavía no se ha escrito nada.
handing-line-ours = Usted: { $text }
handing-line-of-patient = Su paciente: { $text }
handing-line-of-clinician = Su profesional: { $text }
handing-sending = Enviando…
handing-delivered = Entregado
handing-message = Mensaje
handing-send = Enviar el mensaje
handing-saved-by-us = Usted ha guardado lo escrito. La otra persona lo ve.
handing-saved-by-them = Su profesional ha guardado lo escrito.
handing-save-chat = Guardar lo escrito
handing-chat-file = Archivo para los mensajes
handing-save-messages = Guardar los mensajes
handing-saved-in = Guardado en { $place }
handing-empty = No había nada que enviar. Escriba algo primero.
handing-too-long = El mensaje es demasiado largo. Envíelo en partes.
handing-too-many-waiting = Sus últimos mensajes todavía no han llegado. Espere a que vuelva la conexión.
handing-name-taken = Otro archivo tiene este nombre y no se reemplaza. Elija otro nombre.
handing-not-saved = No se pudo guardar ahí. Compruebe que la carpeta existe y tiene espacio, o elija otra.

## Files.
handing-path = Archivo que enviar
handing-path-hint = Escriba o pegue dónde está, o suéltelo aquí
handing-offer = Enviar el archivo
handing-to-be-sent = Para enviar: { $name }
handing-send-dropped =
    { $count ->
        [one] Enviar el archivo soltado
       *[other] Enviar los { $count } archivos soltados
    }
handing-do-not-send = No enviar
handing-reading = Se está leyendo el archivo…
handing-not-read = Este archivo no se puede leer. Compruebe dónde está, y que es un archivo y no una carpeta.
handing-file-too-large = El archivo es demasiado grande para enviarlo aquí. Entréguelo de otra manera.
handing-too-many-files = Hay demasiados archivos en camino. Espere a que llegue uno.
handing-folder = Carpeta para los archivos que acepte
handing-file = Archivo: { $name }, { $size }
handing-still = Fotografía en tamaño completo, { $size }
handing-accept = Aceptar
handing-accept-file = Aceptar { $name }
handing-decline = Rechazar
handing-decline-file = Rechazar { $name }
handing-stop = Detener
handing-stop-file = Detener { $name }
handing-progress = Cuánto ha llegado
handing-turned-away =
    { $count ->
        [one] Se rechazó una oferta más de la otra persona, porque llegaron demasiadas a la vez.
       *[other] Se rechazaron { $count } ofertas más de la otra persona, porque llegaron demasiadas a la vez.
    }
handing-is-offered = Se lo ofrecen a usted. Nunca se abre solo.
handing-waits-for-answer = Espera a que la otra persona lo acepte.
handing-opening = Se le está haciendo sitio.
handing-moving = { $done } de { $whole }
handing-moving-left = { $done } de { $whole }, { $speed } por segundo, faltan { $left }
handing-waits = Espera la conexión y luego continúa.
handing-checking = Está todo enviado. La otra persona comprueba si está entero.
handing-arrived = Llegó entero.
handing-arrived-in = Llegó entero. Está en { $place }
handing-declined-by-us = Usted lo rechazó.
handing-declined-by-them = La otra persona lo rechazó.
handing-stopped-by-us = Usted lo detuvo.
handing-stopped-by-them = La otra persona lo detuvo.
handing-too-many-there = La otra persona tiene demasiado en camino. Envíelo de nuevo cuando algo haya llegado.
handing-too-large-there = El archivo es demasiado grande para la otra persona. Entréguelo de otra manera.
handing-wrong-hash = Lo que llegó no es lo que se envió, así que se borró. Pida que lo envíen de nuevo.
handing-over = La visita terminó antes de que llegara. Envíelo en otra visita.
handing-unreadable = El archivo ya no se pudo leer, o fue cambiado. Envíelo de nuevo.
handing-unwritable = El archivo no se pudo escribir aquí. Compruebe que la carpeta existe y tiene espacio, y pida que lo envíen de nuevo.
handing-unwritable-there = La otra persona no pudo escribir el archivo. Pídale que haga sitio y envíelo de nuevo.

## Photographs.
handing-ask = Pedir una fotografía
handing-ask-help = Su paciente acepta o rechaza. Su cámara la toma en tamaño completo. Solo se conserva si usted la guarda.
handing-asked = Se le ha pedido una fotografía a su paciente.
handing-refused = No hay fotografía: su paciente no quiso, o su cámara no da ninguna. Háblelo y pídala de nuevo.
handing-asks = Su profesional le pide una fotografía, en el tamaño completo de su cámara.
handing-answer = Responder
handing-agree = Tomar la fotografía
handing-refuse = Ninguna fotografía
handing-taking = Se está tomando su fotografía. No se mueva.
handing-photograph = Fotografía { $number }
handing-look-at = Ver la fotografía { $number }
handing-put-beside = Poner al lado la fotografía { $number }
handing-save-photograph = Guardar la fotografía { $number }
handing-photograph-not-shown = La fotografía { $number } no se puede mostrar aquí. Guárdela y ábrala en otro programa.
handing-photograph-file = Archivo para la fotografía
handing-zoom = Ampliación: { $percent } %
handing-zoom-in = Acercar
handing-zoom-out = Alejar
handing-whole = Fotografía entera
handing-whole-short = Entera
handing-close-short = Cerrar
handing-close-photographs = Cerrar la fotografía
