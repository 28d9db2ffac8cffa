### Lo que salió mal antes de que hubiera visita: con el enlace, y al llegar al servidor de la clínica.

link-is-none = Esto no es un enlace de Housecall. Copie completo el enlace que le envió la clínica.
link-is-damaged = Este enlace está dañado. Copie otra vez el enlace completo.
link-is-not-whole = Este enlace no está completo: falta la parte a partir de #. Copie otra vez el enlace completo.
link-is-newer = Este enlace lo creó un Housecall más nuevo. Actualice esta aplicación.
link-is-for-browser = Este enlace es para un navegador, y un navegador no podría comprobar el servidor. Pida a la clínica un enlace que empiece por housecall:.
server-address = Esta no es la dirección de un servidor. Copie otra vez el enlace completo o pídalo a la clínica.
server-no-authorities = Este equipo no tiene autoridades de certificación con las que comprobar el servidor. Instálelas (en Debian: ca-certificates) o pida a la clínica la huella de su certificado.
server-unreachable = No se llega al servidor de la clínica. Compruebe la red de este equipo e inténtelo de nuevo, o llame a la clínica.
server-proxy-script = No se llega al servidor de la clínica. { $fault }. Pregunte a quien administra la red o indique el proxy en HTTPS_PROXY.
server-other-certificate = El certificado del servidor no es el que indica el enlace: puede haber alguien en medio, o la clínica tiene un certificado nuevo. Pida un enlace nuevo a la clínica.
server-untrusted = Este equipo no confía en el certificado del servidor. Compruebe la fecha y la hora de este equipo; si están bien, pida a la clínica un enlace con la huella de su certificado.
server-too-old-tls = El servidor de la clínica no habla TLS 1.3, y esta aplicación no habla nada más antiguo. Llame a la clínica: hay que actualizar su servidor.
server-stranger = En lugar del servidor de la clínica responde otra cosa. Abra cualquier página web para ver si esta red pide antes iniciar sesión e inténtelo de nuevo.
