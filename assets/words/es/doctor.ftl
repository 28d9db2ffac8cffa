### La comprobación antes de una visita: qué funcionará, por qué no más y qué hacer; y la página para quien se ocupa de la red.

doctor-call-clinic = Si no puede cambiarlo antes de su visita, llame a la clínica.
headline-blocked = Esta red bloquea las visitas.
headline-nothing = Una visita no funcionará.
headline-voice-thin = Solo voz: la conexión es demasiado débil para una imagen.
headline-voice-lossy = Solo voz: se pierde demasiado para una imagen.
headline-still-pictures = Voz, y una imagen nueva cada pocos segundos.
headline-unmeasured = Desde aquí las visitas llegan.
headline-picture-and-voice = La imagen y la voz funcionarán.
because-no-network = Este equipo no está en ninguna red. Conecte un cable o elija una wifi e inténtelo de nuevo.
because-name-unknown = Nadie conoce el servidor de la clínica por su nombre. Compruebe la dirección; si está bien, el servicio de nombres de la red no funciona: pruebe otra red.
because-server-silent = No vuelve nada del servidor de la clínica. O está apagado o esta red está cerrada: mire si se abre una página web y pida a quien administra la red que abra el puerto { $port } de TCP y UDP.
because-server-refuses = Nadie responde en el puerto { $port } del servidor de la clínica. Está apagado o la dirección no es correcta: pregunte a la clínica o inténtelo más tarde.
because-proxy-blocks = El proxy de esta red no conecta con el servidor de la clínica. Pida a quien administra la red que le permita conectar con él, puerto { $port }.
because-proxy-script = { $fault }, y sin proxy no se llega a nadie. Pida a quien administra la red que lo arregle, o que indique un proxy que conecte con el servidor de la clínica, puerto { $port }.
because-other-certificate = El certificado del servidor no es el que indicó la clínica. Puede haber alguien en medio, un programa de seguridad o esta red; o la clínica tiene un certificado nuevo. Pruebe otra red o pida un enlace nuevo a la clínica.
because-untrusted-certificate = Este equipo no confía en el certificado del servidor. Compruebe la fecha y la hora del equipo; si están bien, puede que esta red mire lo que usted envía: pregunte a quien la administra o pruebe otra.
because-too-old-tls = Lo que responde en lugar de la clínica no habla TLS 1.3. Puede haber en medio un filtro de esta red: pida a quien la administra que exceptúe el servidor de la clínica, o pruebe otra red.
because-stranger = En lugar de la clínica responde otra cosa. Muchas redes piden antes iniciar sesión: abra cualquier página web, inicie sesión en la red e inténtelo de nuevo.
because-server-broken = La conexión con el servidor de la clínica se corta. Inténtelo de nuevo; si sigue así, pruebe otra red.
because-clock-ahead = El reloj de este equipo va adelantado { $by }. Ajuste la fecha y la hora, o puede que no logre iniciar sesión.
because-clock-behind = El reloj de este equipo va atrasado { $by }. Ajuste la fecha y la hora, o puede que no logre iniciar sesión.
because-link-unusable = Este enlace no se puede usar: se creó para otro servidor o ya no lleva a ninguna parte. Pida un enlace nuevo a la clínica.
because-link-expired = El tiempo de este enlace ha terminado. Pida un enlace nuevo a la clínica.
because-visit-over = La visita de este enlace ha terminado. Pida un enlace nuevo a la clínica.
because-media-blocked = Se llega a la clínica, pero esta red no deja pasar ni la voz ni la imagen. Pida a quien la administra que abra el puerto { $port } hacia el servidor de la clínica, por UDP o por TCP con TLS, sin mirar su contenido.
because-datagrams-blocked-tls = Esta red no deja pasar UDP, así que la voz y la imagen van por el camino de las páginas web: pueden pararse un momento donde se pierdan paquetes. Mejor: pida a quien la administra que abra el puerto UDP { $port } hacia el servidor de la clínica.
because-datagrams-blocked-tcp = Esta red no deja pasar ni UDP ni TLS hasta el repetidor, así que la voz y la imagen van por TCP: pueden pararse un momento donde se pierdan paquetes. Mejor: pida a quien la administra que abra el puerto UDP { $port } hacia el servidor de la clínica.
because-relay-blocked = No se llega al repetidor de la clínica como debería. Las visitas funcionan donde los dos equipos se alcanzan directamente. Pida a quien administra esta red que deje pasar UDP hasta el repetidor de la clínica.
because-nothing-hides = La dirección de este equipo debe ocultarse, y no se llega al repetidor de la clínica, que la ocultaría. No la oculte, o pida a quien administra esta red que abra el puerto { $port } hacia el servidor de la clínica, por UDP o por TCP con TLS.
because-no-relay = El servidor de la clínica no retransmite nada. Las visitas funcionan donde los dos equipos se alcanzan directamente, y no en todas las redes. Pida a la clínica que ponga un repetidor.
because-thin-up = La conexión desde aquí lleva { $kbps } kbps. Cierre lo que más esté enviando, acérquese a la wifi o use un cable.
because-thin-down = La conexión hasta aquí lleva { $kbps } kbps. Cierre lo que más esté descargando, acérquese a la wifi o use un cable.
because-loses-packets = De cien paquetes, { $percent } se pierden por el camino. Acérquese a la wifi o use un cable; la voz y la imagen soportan que falten unos pocos.
because-far-away = Una respuesta tarda { $seconds },{ $tenths } segundos en esta conexión, como por satélite. Espere un momento antes de hablar; otra red puede estar más cerca.
because-silent-microphone = El micrófono solo da silencio. Busque un interruptor en él o en los auriculares, y mire si está silenciado en los ajustes del sistema.
noted-rate-not-asked = No se midió la rapidez de la conexión: hace falta el enlace de una visita o una cuenta del personal de la clínica.
noted-rate-too-often = No se midió la rapidez de la conexión: se ha medido demasiado desde esta red hace un momento. Inténtelo de nuevo en unos minutos.
noted-rate-unknown = No se pudo medir la rapidez de la conexión.
noted-proxy-script = { $fault }; las visitas pueden prescindir de él. Avise a quien administra la red.
script-missing = El script de proxy de esta red (PAC) no se puede obtener de donde debería estar
script-broken = El script de proxy de esta red (PAC) no es un script, o falla
script-endless = El script de proxy de esta red (PAC) no termina nunca
script-greedy = El script de proxy de esta red (PAC) pide más memoria de la que recibe
script-no-way = El script de proxy de esta red (PAC) no indica ningún proxy que esta aplicación pueda usar
page-what = qué
page-how = cómo
page-with = con
page-came = resultado
page-straight = directo
page-by-proxy = proxy
page-seen-as = visto como { $address }
page-proxy-none = ninguno
page-proxy-named = indicado por el entorno, el sistema o un script
page-proxy = proxy
page-relay-unknown = no se dijo; se preguntó al propio puerto del servidor
page-relay-there = hay uno
page-relay-elsewhere = no se preguntó a ninguno
page-relay-none = no hay
page-relay = repetidor clínica
page-packets-came = { $answered } de { $sent } respondidos; ida y vuelta { $trip } ms, el más lento { $slowest } ms
page-packets = paquetes como de voz
page-rate-came = envía al menos { $up } kbps, recibe al menos { $down } kbps
page-rate = rapidez, por HTTPS
page-clock = reloj
page-clock-came = { $ahead } s respecto al del servidor
page-link-unknown = no se preguntó, o no hubo respuesta
page-link-good = lleva a una visita
page-link-unusable = no se puede usar
page-link-expired = su tiempo ha terminado
page-link-ended = la visita ha terminado
page-link = enlace de la visita
page-device-works = funciona
page-device-silent = da silencio
page-device-trouble = no funciona
page-device-unwanted = no se probó
rung-name-https = servidor, HTTPS
rung-name-stun = dirección propia, STUN
rung-name-relay-udp = repetidor, UDP
rung-name-relay-tcp = repetidor, TCP
rung-name-relay-tls = repetidor, TLS
works-at-once = funciona, menos de 1 ms
works-after = funciona, { $millis } ms
fault-name-unknown = no se conoce el nombre
fault-refused = rechazado: allí no escucha nadie
fault-silent = no hubo respuesta a tiempo
fault-no-route = no hay camino desde aquí
fault-proxy = el proxy no conecta
fault-proxy-script = el script de proxy no se puede usar, y tampoco se llega directamente
fault-other-certificate = otro certificado que el indicado
fault-untrusted = un certificado en el que no se confía
fault-too-old-tls = sin TLS 1.3
fault-stranger = responde otra cosa
fault-no-relay = se llega, y no responde ningún repetidor
fault-broken = la conexión se cortó
device-tried-works =
    { $device ->
        [camera] La cámara funciona.
        [microphone] El micrófono funciona.
       *[speaker] El altavoz funciona.
    }
device-tried-unwanted =
    { $device ->
        [camera] No se probó la cámara.
        [microphone] No se probó el micrófono.
       *[speaker] No se probó el altavoz.
    }
packets-came-back = paquetes: volvieron { $answered } de { $sent }
rates-found = rapidez: al menos { $up } kbps de envío, { $down } kbps de recepción
