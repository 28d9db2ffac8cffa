### Lo que tiene que ver con el escritorio: ajustes, el enlace de otra ventana, el informe de un fallo, avisos.

settings = Ajustes
close-settings = Cerrar los ajustes
settings-help = Valen para este equipo y desde ahora.
appearance = Aspecto
language = Idioma
as-the-system = Como el sistema
look = Claro u oscuro
look-light = Claro
look-dark = Oscuro
contrast = Contraste
contrast-usual = Normal
contrast-high = Alto
no-motion = Que nada se mueva solo
size = Tamaño: { $percent } %
larger = Más grande
smaller = Más pequeño
usual-size = Tamaño normal
other-link = Ha abierto el enlace de otra visita. Lo que está abierto aquí continúa; termina si abre la otra.
open-other-link = Abrir la otra visita
stay-here = Quedarse aquí
crashed = La última vez algo salió mal
crashed-why = Una parte de Housecall se detuvo, y lo sentimos. Anotó dónde. El informe está solo en este equipo y no contiene nada de usted ni de sus visitas: ni nombres, ni enlaces, ni direcciones. Quien cuida de su equipo puede hacérnoslo llegar.
crash-report = El informe
copy-report = Copiar el informe
delete-report = Eliminar el informe
ask-later = Guardarlo por ahora
notify-waiting =
    { $count ->
        [one] Hay alguien en la sala de espera.
       *[other] Hay { $count } personas en la sala de espera.
    }
notify-admitted = Le han dejado pasar. Empieza la visita.
tray-nobody = Nadie espera
notify-show = Mostrar
settings-kept-aside = No se pudieron leer sus ajustes, así que Housecall empieza con los habituales. Lo que había se guarda en { $aside }.
settings-not-kept = Sus ajustes no se pueden guardar en { $path }: valen hasta que cierre Housecall.
