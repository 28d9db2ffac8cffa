### Las claves de los dispositivos y de la clínica.

opening-keys = Abriendo sus claves…
ask-anew = Pedir de nuevo
in-memory = Este equipo no tiene un llavero que admita claves, así que se pierden al cerrar esta ventana. Active el llavero del sistema y vuelva a iniciar sesión.
compare-here = Lea estas cifras con su administración, en persona o por teléfono, no por correo electrónico ni por chat. ¿Son iguales en las dos pantallas?
agreeing = Las dos aplicaciones acuerdan las cifras…
standing-opening = Si el sistema le pide la contraseña de su llavero, escríbala.
standing-keyring-locked-title = Su llavero está bloqueado
standing-keyring-locked = Las claves de este dispositivo están en el llavero del sistema, y no se ha abierto. Desbloquéelo e inténtelo de nuevo.
standing-keyring-unreadable-title = No se pueden leer sus claves
standing-keyring-unreadable = Lo que guarda el llavero está dañado o es de una aplicación más nueva. Actualice esta aplicación; si no sirve, pida de nuevo.
standing-no-clinic-title = Su clínica todavía no está preparada
standing-no-clinic = Antes, la administración tiene que preparar la clínica. Pídale que inicie sesión; aquí se continúa sin que haga nada.
standing-waiting-title = Este dispositivo es nuevo
standing-waiting = Su administración tiene que admitirlo. Llámela y quédese aquí: aparecen diez cifras y las comparan.
standing-comparing-title = Compare las cifras
standing-confirmed-title = Ya casi está
standing-confirmed = La aplicación de su administración certifica este dispositivo. Quédese aquí; si tarda, pídale que confirme que las cifras son iguales.
standing-differ-title = Las cifras no son iguales
standing-differ = Puede haber alguien entre este dispositivo y su clínica, así que no se certificó nada. Llame a su administración y pida de nuevo desde otra red.
standing-refused-title = Este dispositivo no fue admitido
standing-refused = La administración lo rechazó, o nadie comparó las cifras a tiempo. Llame a su administración y pida de nuevo.
standing-certified-title = Este dispositivo está inscrito
standing-over-title = El certificado de este dispositivo ha terminado
standing-over = Se renueva en cuanto su administración inicie sesión. Pídale que abra Housecall, y compruebe que el reloj de este equipo va bien.
standing-replaced-title = Su clínica se ha recuperado
standing-replaced = Su administración tiene que certificar de nuevo este dispositivo. Pídale que abra Housecall; aquí se continúa sin que haga nada.
standing-revoked-title = Este dispositivo fue revocado
standing-revoked = Su clínica ha dicho que se perdió, así que ya no puede hacer nada. Si lo tiene usted, llame a su administración y pida de nuevo.
standing-another-clinic-title = Esta es otra clínica
standing-another-clinic = El servidor dice que no es la clínica a la que pertenece este dispositivo. No continúe; llame a quien administra el servidor. Pida de nuevo solo si su clínica empezó de cero.
certified-for-clinician = Está certificado para la cuenta de un profesional. Inicie sesión con ella para atender visitas.
certified-for-admin = Está certificado para administración. Los dispositivos se admiten en el portátil que tiene las claves de la clínica.
certified-for-auditor = Está certificado para auditoría. Con él se verifican los dispositivos de sus colegas y se abren las notas de quien se hizo cargo de una visita.
certified-for = Está certificado para { $role }. Por ahora no hay nada más que hacer aquí.
role-name-admin = administración
role-name-clinician = profesional
role-name-front-desk = recepción
role-name-auditor = auditoría
certificate-over-today = El certificado de este dispositivo termina hoy. Pida a su administración que abra Housecall, que lo renueva.
certificate-over-soon =
    { $days ->
        [one] El certificado de este dispositivo termina en un día como máximo. Pida a su administración que abra Housecall, que lo renueva.
       *[other] El certificado de este dispositivo termina en { $days } días como máximo. Pida a su administración que abra Housecall, que lo renueva.
    }
keys-problem-sheet-group = El grupo { $group } no es como está en la hoja. Mírelo otra vez y escríbalo de nuevo.
keys-problem-sheet-length = La hoja tiene ocho grupos de cinco letras y cifras. Escríbalos todos.
keys-problem-another-sheet = Esta hoja es de otra clínica. Busque la que lleva la huella de esta.
keys-problem-name = Los pacientes ven este nombre: tiene de 1 a 64 letras. Escríbalo de nuevo.
keys-problem-check-failed = Las dos aplicaciones no llegaron a unas cifras, y no se certificó nada. Compare otra vez; si falla dos veces, pruebe otra red.
keys-problem-checked-too-often = Se compararon cifras demasiadas veces, así que la petición se retiró. Pida de nuevo en el dispositivo nuevo.
keys-problem-differed = Las cifras no eran iguales: puede haber alguien entre usted y ese dispositivo, y se rechazó. Llame a quien lo usa y pruebe desde otra red.
keys-problem-too-many-revoked = En una semana se perdieron más dispositivos de los que caben en una lista. Recupere la clínica con la hoja y certifique de nuevo los que quedan.
keys-problem-too-many-wait = Ya esperan otros dos dispositivos de esta cuenta. Pida a su administración que rechace los que no use y vuelva a iniciar sesión.
keys-problem-odd-answer = El servidor respondió algo que no puede ser. Inténtelo de nuevo; si sigue así, llame a quien administra el servidor.
office = Los dispositivos de su clínica
set-up = Preparar su clínica
set-up-why = Este portátil crea la clave de su clínica: por ella, las aplicaciones de los pacientes saben que llegan a ustedes y a nadie más. El servidor nunca la tiene. Usted la imprime en una hoja de recuperación; tenga a mano una impresora o un bolígrafo.
sheet = Su hoja de recuperación
sheet-why = Imprímala o cópiela a mano, y guárdela bajo llave como un pasaporte. Con ella se recupera la clínica si se pierde este portátil. Quien la tenga puede hacerse pasar por su clínica. Se muestra una sola vez.
print-sheet = Abrir la hoja para imprimirla
sheet-groups = Los ocho grupos
type-back = Escriba dos grupos desde el papel, para que sea seguro que puede leerlo.
confirm-sheet = La hoja está a salvo; preparar la clínica
not-now-sheet = Ahora no; olvidar esta hoja
waiting-devices = Esperan a ser admitidos
none-wait = No espera ningún dispositivo. Aquí aparece quien inicia sesión en uno nuevo.
enrolled-devices = En la lista
call-them = Llame por teléfono a quien lo usa, o póngase a su lado.
name-shown = Nombre, como lo ven los pacientes
ask-same = ¿Son estas cifras iguales en el dispositivo nuevo?
revoke-why = Ya no podrá hacer nada, se cierran todas las sesiones de quien lo usa y terminan las llamadas en las que esté. Esto no se puede deshacer.
revoke-now = Revocarlo ahora
elsewhere = Las claves de su clínica están en otro portátil
elsewhere-why = Allí se admiten y se revocan los dispositivos. Si ese portátil se pierde o se estropea, la hoja de recuperación trae la clínica aquí.
recover = Recuperar la clínica
recover-why = Escriba los ocho grupos de la hoja. El otro portátil ya no podrá certificar nada, y cada dispositivo se tiene que certificar de nuevo, aquí.
sheet-typed = Hoja de recuperación
recover-now = Recuperarla aquí
busy = Avisando al servidor…
sheet-written = Se guardó en { $path } y se borra cuando usted continúe. No la copie a otro lugar.
group = Grupo { $number }
fingerprint = La huella de la clínica: { $fingerprint }
waits = Dispositivo { $number }
says-it-is = El servidor dice: una cuenta de { $role }.
let-in = Admitir a { $who }
refuse = Rechazar a { $who }
revoke = Revocar a { $who }
certify-anew = Certificar de nuevo a { $who }
really-revoke = ¿Se ha perdido el dispositivo de { $who }?
device-nameless = Un dispositivo sin nombre
row-this = Este portátil, que tiene las claves de la clínica.
row-certified = Certificado.
row-anew = Certificado antes de recuperar la clínica. Certifíquelo de nuevo solo si lo conoce.
row-unknown = Este portátil no lo conoce. Revóquelo y deje que quien lo usa pida de nuevo.
issuer-over =
    { $days ->
        [one] Este portátil puede certificar un día más. Antes de que pase, recupere aquí la clínica con la hoja, a una hora sin visitas.
       *[other] Este portátil puede certificar { $days } días más. Antes de que pasen, recupere aquí la clínica con la hoja, a una hora sin visitas.
    }
try-again-now = Probar otra vez
role-of-device = Este dispositivo es para
keys-problem-not-sealed = Lo que se comparte sobre el dispositivo no se pudo sellar, y no se certificó nada. Inténtelo de nuevo; si sigue así, actualice esta aplicación.
