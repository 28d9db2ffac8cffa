### El registro de auditoría, para quien lo lee.

audit = El registro de auditoría
close-audit = Cerrar el registro de auditoría
audit-rows = Qué ocurrió
audit-of-kind = Tipo
audit-any-kind = Todo
audit-whose = Cuenta
audit-anybody = Cualquiera
audit-about = Sobre (una visita u otra cosa que tenga identificador)
audit-from = Desde
audit-until = Hasta
audit-time-hint = 2026-10-25 o 2026-10-25 14:30
audit-look = Buscar
audit-no-rows = No hay filas así.
audit-older = Anteriores
audit-newer = Posteriores
audit-rows-help = Está demostrado que cada fila que se muestra figura en el registro. Que no falte ninguna en esta lista, no: eso lo muestran las pruebas de una visita.
audit-rows-not-proven = Estas filas son lo que dice el servidor. Ninguna está demostrada.
audit-device = Qué hizo un dispositivo
audit-device-help = A qué visitas llegó un dispositivo, por lo que se hizo en sus sesiones.
audit-device-id = Dispositivo, equipo o sesión
audit-device-hint = dev_…, mac_… o ses_…
audit-used-from = Usado desde
audit-used-until = Usado hasta
audit-find-visits = Buscar sus visitas
audit-evidence = Pruebas
audit-evidence-help = Todo lo que el registro tiene de una visita, en un archivo que cualquiera puede verificar sin este servidor (housecall-verify). En el registro queda escrito que se extrajo.
audit-evidence-visit = Visita
audit-evidence-file = Archivo
audit-write-evidence = Escribir las pruebas
audit-access = Quién tiene acceso ahora
audit-show-access = Mostrar quién tiene acceso ahora
audit-not-signed-in = Sin ninguna sesión iniciada.
audit-no-device = Ningún dispositivo.
audit-times-of = Las horas son las de { $zone }.
audit-verified = Verificado hasta la fila { $rows }.
audit-verified-signed = Verificado hasta la fila { $rows }, firmado { $at }.
audit-goes-on =
    { $since ->
        [one] Continúa a partir de la única fila que este equipo ya había visto.
       *[other] Continúa a partir de las { $since } filas que este equipo ya había visto.
    }
audit-first-time = Este equipo ve este registro por primera vez y, desde ahora, guarda lo que ha visto.
audit-key = Firmado con la clave { $key }. Compárela con la que se anotó al instalar el servidor.
audit-not-what-it-was = El registro de auditoría de la clínica ya no es el que era.
audit-other-key = Está firmado con otra clave que antes.
audit-not-signed = Lo que muestra el servidor no está firmado con la clave del registro.
audit-rolled-back = Faltan filas que este equipo ya había visto.
audit-forked = Se reescribió, o a otras personas se les muestra otro.
audit-not-included = El servidor enumera una fila que no está en el registro que firmó.
audit-tell-clinic = Avise a la persona responsable de su clínica, salvo que sepa que se restauró una copia de seguridad.
audit-no-time = Esto no es una fecha ni una hora. Escriba una fecha, como 2026-10-25, o una fecha y una hora, como 2026-10-25 14:30.
audit-no-id = Esto no es un identificador. Se parece a vis_ y 22 letras y cifras: cópielo.
audit-no-device-id = Esto no es el identificador de un dispositivo (dev_…), de un equipo (mac_…) ni de una sesión (ses_…): cópielo.
audit-no-file = Escriba dónde se debe guardar el archivo.
audit-file-exists = Ya existe un archivo con este nombre. Elija otro nombre.
audit-file-not-written = No se pudo escribir el archivo: { $why }. Elija otra carpeta.
audit-exported =
    { $file } está escrito: { $rows ->
        [one] una fila verificada
       *[other] { $rows } filas verificadas
    }. { $agreed ->
        [one] Una conexión la vieron igual los dos extremos
       *[other] { $agreed } conexiones las vieron igual los dos extremos
    }; { $alone ->
        [one] a un recibo le falta
       *[other] a { $alone } recibos les falta
    } el del otro extremo. A su lado, { $checkpoint } es lo que este equipo guarda del registro: entregue ambos a quien los verifique.
audit-exported-refused = { $file } está escrito, y este equipo lo rechaza ({ $name }). Consérvelo, y también { $checkpoint }, a su lado: muestran que el registro se manipuló o que se restauró una copia de seguridad.
audit-only-visit = Solo { $visit }
audit-row-number = Fila { $number }
audit-touched =
    { $sessions ->
        [0] No se encontró ninguna sesión suya
        [one] Se encontró una sesión suya
       *[other] Se encontraron { $sessions } sesiones suyas
    }, y en ese tiempo { $visits ->
        [0] no llegó a ninguna visita
        [one] llegó a una visita
       *[other] llegó a { $visits } visitas
    }.
audit-touched-more = Hay más de lo que se ha revisado: elija un tiempo más corto.
audit-touched-visit =
    De { $first } a { $last }, por { $by }: { $rows ->
        [one] una fila
       *[other] { $rows } filas
    }
audit-access-session = { $label }: sesión iniciada { $began }, usada { $used } ({ $session })
audit-vouched = la clínica responde por él, para { $role }, hasta { $until }
audit-certificate-over = su certificado ha terminado
audit-revoked = revocado
audit-not-vouched = la clave actual de la clínica no responde por él
audit-waits = espera a ser certificado
audit-listed = en la lista del servidor; este equipo no está certificado y no puede verificar más
audit-visits-of = Visitas de { $id }

## Quién lo hizo: detrás van dos puntos y qué.

audit-by-server = El servidor
audit-by-operator = Quien administra el servidor
audit-by-stranger = Alguien desconocido
audit-by-app = Una aplicación de la visita

## Tipos de filas, en una lista para elegir.

audit-kind-account-added = Cuentas creadas
audit-kind-backed-up = Copias de seguridad
audit-kind-box-removed = Cajas selladas retiradas
audit-kind-box-written = Cajas selladas escritas
audit-kind-clinic-set-up = Clínica preparada o recuperada
audit-kind-code-given = Códigos de un solo uso entregados
audit-kind-device-asked = Dispositivos que pidieron certificarse
audit-kind-device-certified = Dispositivos certificados
audit-kind-device-forgotten = Dispositivos quitados de la lista
audit-kind-disabled = Cuentas desactivadas y activadas
audit-kind-endpoint = Entradas, admisiones y salidas
audit-kind-exported = Pruebas extraídas
audit-kind-hold = Retenciones legales
audit-kind-invite = Enlaces
audit-kind-key-drawn = Claves del servidor creadas
audit-kind-machine = Equipos desde los que se inició sesión
audit-kind-notice-published = Revocaciones
audit-kind-password-changed = Contraseñas cambiadas
audit-kind-proved-again = Comprobaciones con cifras nuevas
audit-kind-receipt = Conexiones, como las vieron las aplicaciones
audit-kind-recovery-code-used = Códigos de recuperación usados
audit-kind-recovery-codes-drawn = Códigos de recuperación creados
audit-kind-refreshed = Sesiones que continuaron
audit-kind-restored = Copias de seguridad restauradas
audit-kind-reviewed = Revisiones
audit-kind-role-changed = Funciones cambiadas
audit-kind-rows-erased = Filas borradas al terminar su plazo
audit-kind-session-ended = Sesiones cerradas
audit-kind-sessions-ended = Todas las sesiones de una cuenta cerradas
audit-kind-settings-changed = Ajustes del servidor
audit-kind-signed-in = Inicios de sesión
audit-kind-signed-up = Primeros inicios de sesión con un código
audit-kind-storage-key-changed = Clave del almacenamiento cambiada
audit-kind-take-overs-forgotten = Casos de visitas de colegas olvidados al terminar su plazo
audit-kind-taken-over = Visitas de las que alguien se hizo cargo
audit-kind-token-reused = Credenciales mostradas dos veces
audit-kind-tries-failed = Inicios de sesión fallidos
audit-kind-visit = Visitas
audit-kind-visit-forgotten = Visitas olvidadas al terminar su plazo

## Qué ocurrió: va detrás de quién lo hizo.

audit-no-account = ninguna cuenta
audit-nobody = nadie
audit-nobodys-account = alguien que no tiene cuenta
audit-whole-log = todo el registro
audit-everything = todo
audit-account-added = creó la cuenta de { $staff } ({ $role }).
audit-backed-up = hizo una copia de seguridad.
audit-box-removed = retiró una caja sellada sobre { $object }.
audit-box-written = escribió una caja sellada sobre { $object }.
audit-clinic-set-up = preparó la clínica; su generación es { $generation }.
audit-code-given = entregó un código de un solo uso para { $staff }.
audit-first-code-given = entregó el código de un solo uso para la primera cuenta de administración.
audit-device-asked = { $device }, de { $staff }, pidió certificarse.
audit-device-certified = certificó { $device }.
audit-device-forgotten = quitó { $device } de la lista.
audit-enabled = la cuenta de { $staff } se puede usar de nuevo.
audit-disabled = la cuenta de { $staff } ya no se puede usar.
audit-evidence-taken =
    extrajo pruebas sobre { $about } ({ $rows ->
        [one] una fila
       *[other] { $rows } filas
    }).
audit-held = puso { $about } en retención legal.
audit-released = liberó { $about } de la retención legal.
audit-key-drawn = se creó una clave del servidor.
audit-on-machine = { $session }, de { $staff }, está en { $machine }.
audit-notice-published = comunicó revocaciones más recientes (época { $epoch }).
audit-password-changed = la contraseña de { $staff } es otra.
audit-proved-again = { $staff } demostró su identidad con cifras nuevas.
audit-recovery-code-used = { $staff } usó un código de recuperación.
audit-recovery-codes-drawn = nuevos códigos de recuperación para { $staff }.
audit-refreshed = { $session } continúa.
audit-restored = todo esto salió de una copia de seguridad; se cerraron las sesiones de todas las personas.
audit-reviewed = { $by } revisó { $object }: { $outcome }.
audit-role-changed = { $staff } tiene ahora la función: { $role }.
audit-rows-erased =
    { $rows ->
        [one] borró una fila cuyo plazo había terminado.
       *[other] borró { $rows } filas cuyo plazo había terminado.
    }
audit-session-ended = { $session }, de { $staff }, se cerró.
audit-sessions-ended = se cerraron todas las sesiones de { $staff }.
audit-signed-in = { $staff } inició sesión ({ $session }).
audit-signed-up = { $staff } empezó con un código de un solo uso.
audit-storage-key-changed = lo que está sellado se sella con otra clave del almacenamiento.
audit-take-overs-forgotten =
    { $count ->
        [one] se olvidó un caso revisado de la visita de un colega.
       *[other] se olvidaron { $count } casos revisados de visitas de colegas.
    }
audit-taken-over = { $by } se hizo cargo de una visita de { $from }: { $reason }.
audit-token-reused = una credencial de { $staff } se mostró dos veces; se cerró { $session }.
audit-tries-failed =
    { $count ->
        [one] un intento fallido de iniciar sesión con la cuenta de { $staff }: { $factor }.
       *[other] { $count } intentos fallidos de iniciar sesión con la cuenta de { $staff }: { $factor }.
    }
audit-factor-password = la contraseña no era correcta
audit-factor-disabled = la cuenta ya no se puede usar
audit-factor-second = el segundo factor no era correcto
audit-factor-recovery-code = el código de recuperación no era correcto
audit-factor-one-time-code = el código de un solo uso no era correcto
audit-no-relay = ningún repetidor
audit-relays-alone = solo repetidores
audit-relay-where-needed = un repetidor donde hace falta
audit-settings-changed =
    funciona con { $relay }{ $private ->
        [yes] , también hacia redes privadas
       *[no] {""}
    }; guarda el registro { $log ->
        [one] un día
       *[other] { $log } días
    } y los nombres de los pacientes { $names }.
audit-visit = estado de una visita de { $whose }: { $state }.
audit-visit-locked = estado de una visita de { $whose }: { $state }, no se admite a nadie más.
audit-visit-ended = terminada ({ $why })
audit-visit-forgotten = ya no se conserva nada de la visita.
audit-link-taken-back = un enlace para { $role } se retiró.
audit-link-good = un enlace para { $role } funciona.
audit-link-tried =
    { $tries ->
        [one] un enlace para { $role }: el código de la clínica se probó una vez.
       *[other] un enlace para { $role }: el código de la clínica se probó { $tries } veces.
    }
audit-the-clinician = el profesional
audit-a-guest = un invitado
audit-end-gone = { $who } ya no está ({ $reason }).
audit-end-admitted = { $who } está en la visita.
audit-end-denied = { $who } no pudo pasar.
audit-end-waits = { $who } espera a que le dejen pasar.
audit-connection-opened = se abrió una conexión, { $path }; { $level }.
audit-connection-closed = se cerró una conexión, { $path }; { $level }.
audit-path-direct = directa
audit-path-relayed = a través de un repetidor
audit-path-unknown = por un camino que no conocía
audit-level-compared = se compararon cifras
audit-level-known = un dispositivo que ya se conocía
audit-level-page = el enlace se abrió en una página
audit-level-link = el enlace se abrió en una aplicación

## Palabras de las filas. Las de funciones y personas van detrás de «para» o entre paréntesis.

audit-word-patient = paciente
audit-word-guardian = tutor o tutora
audit-word-interpreter = intérprete
audit-word-scheduled = planificada
audit-word-open = abierta
audit-word-active = en curso
audit-word-paused = en pausa
audit-word-ended = terminada
audit-word-host-ended = la terminó el profesional
audit-word-abandoned = abandonada
audit-word-expired = pasó su tiempo
audit-word-cancelled = anulada
audit-word-no-show = no vino nadie
audit-word-left = salió
audit-word-connection-lost = se perdió la conexión
audit-word-removed = le hicieron salir
audit-word-emergency = emergencia
audit-word-clinician-absent = el profesional no estaba
audit-word-device-failed = fallaba el dispositivo
audit-word-asked = a petición
audit-word-justified = justificado
audit-word-not-justified = no justificado
