### Lo que se puede elegir de la red.

relay-only = Ocultar la dirección de este equipo a la otra persona
relay-only-help = La voz y la imagen pasan entonces solo por el servidor de la clínica. Sin su repetidor no hay llamada.
