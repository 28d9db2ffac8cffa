### Las notas de un profesional: solo suyas, en su dispositivo.

own-notes = Notas
notes-close = Cerrar las notas
notes-help = Solo para usted: selladas en este dispositivo, no se envían a ningún sitio. Expórtelas al historial del paciente cuando termine.
notes-label = Sus notas sobre esta visita
note-about = { $began } · { $patient }
notes-kept = Notas sin exportar
notes-file = Archivo al que exportar
notes-export = Exportar
notes-delete = Borrar estas notas
notes-delete-asked = Las notas borradas no se pueden recuperar.
notes-delete-now = Borrar para siempre
notes-keep = Conservarlas
key-notes = Notas, abrir y cerrar
notes-of-others =
    { $count ->
        [one] Otra más en este dispositivo la escribió otra persona.
       *[other] Otras { $count } en este dispositivo las escribió otra persona.
    }
notes-full = En una nota caben { $most } caracteres, y esta está llena. Expórtela o acórtela.
notes-exported = Escritas en { $place }. Aquí no queda nada de ellas.
notes-not-kept = Lo que escribe no está en el disco y se pierde al cerrar Housecall. Haga sitio allí, o expórtelo a otro lugar.
notes-name-taken = Otro archivo tiene este nombre. Elija otro nombre.
notes-not-exported = El archivo no se puede escribir. Elija otra carpeta, o haga sitio en ella; sus notas siguen aquí.
