### Cómo terminó una visita, para el paciente y para el profesional.

end-visit-over-title = La visita ha terminado
end-hung-up = Usted terminó la llamada. Para volver, abra de nuevo su enlace.
end-they-hung-up = La clínica terminó la llamada. Puede cerrar esta ventana.
end-denied-title = No le han dejado pasar
end-denied = La clínica no le ha dejado pasar. Si es un error, llame a la clínica.
end-removed = La clínica ha terminado su participación en la visita. Si es un error, llame a la clínica.
end-visit-over = Su tiempo ha terminado o ya no quedaba nadie en ella. Si necesita otra, llame a la clínica.
end-no-connection-title = Sin conexión
end-no-connection = Las dos aplicaciones no pudieron encontrarse. Pruebe otra red, como la de un teléfono, o llame a la clínica.
end-handshake-unfinished-title = La conexión es demasiado débil
end-handshake-unfinished = Se encontró un camino hasta la clínica, pero es demasiado débil para una llamada segura. Pruebe otra red o llame a la clínica.
end-connection-lost-title = Se perdió la conexión
end-connection-lost = No volvió en diez minutos. Revise su red y abra de nuevo su enlace, o llame a la clínica.
visit-is-elsewhere = Se ha cedido, o ahora la atiende otro dispositivo suyo.
call-end-by-us = Usted terminó la visita.
call-end-by-them = El paciente terminó la llamada.
call-end-visit-over = El tiempo de la visita había terminado, o no quedó nadie durante demasiado tiempo.
call-end-no-connection = No se encontró conexión con el paciente. Puede probar otra red.
call-end-handshake-unfinished = El camino hasta el paciente era demasiado débil para una llamada segura. Puede probar otra red.
call-end-connection-lost = La conexión se perdió y no volvió.
# Horas del día de la clínica, como 14:30.
talked-between = De { $from } a { $until }.
link-was-good = La conexión fue buena.
link-was-fair = Durante { $spent } se perdió de vez en cuando un poco de la voz.
link-was-poor = Durante { $spent } la conexión fue demasiado débil para la imagen, o perdió mucho.
went-directly = La voz y la imagen fueron de un ordenador al otro, selladas.
went-by-a-relay = La voz y la imagen pasaron por el repetidor de la clínica, selladas: no puede abrirlas.
level-in-the-end = Quién estaba: { $level }.
talked-never = Nadie habló.
talked = Hablaron durante { $talked }.
talked-and-lost =
    { $lost ->
        [one] Hablaron durante { $talked }; la conexión se perdió una vez y volvió.
       *[other] Hablaron durante { $talked }; la conexión se perdió { $lost } veces y volvió.
    }
