### La hoja de recuperación como página para imprimir.

sheet-page-title = Hoja de recuperación de Housecall
sheet-page-print-now = Imprima esta página ahora (Ctrl+P) y ciérrela. El archivo se borra cuando usted continúe en Housecall.
sheet-page-heading = Hoja de recuperación de su clínica
sheet-page-server = Servidor: { $server }
sheet-page-what-for = Para qué sirve
# «Recuperar la clínica» es el botón “recover”.
sheet-page-recover = Si el portátil de la administración se pierde o se estropea, inicie sesión como administración en otro, elija «{ recover }» y escriba estos ocho grupos. Los enlaces que tienen los pacientes siguen sirviendo, y el portátil perdido ya no puede certificar nada.
sheet-page-how-to-keep = Cómo guardarla
sheet-page-keep = Quien tenga esta hoja puede hacerse pasar por su clínica. Guárdela bajo llave como un pasaporte: en una caja fuerte o en una notaría. Nada de fotografías, ni copias en un ordenador, ni correos electrónicos. Una segunda copia impresa en otro edificio es buena idea. Si alguien ha podido verla, su clínica tiene que empezar de cero con otra clave.
sheet-page-signs = Letras y cifras: no hay letra O, I, L ni U; un 0 es un cero y un 1 es un uno. El último signo de cada grupo es de comprobación.
sheet-page-printed-on = Impresa el
sheet-page-kept-by = La guarda
sheet-not-written = La hoja no se puede guardar en { $path }: { $error }. Copie a mano los ocho grupos o haga sitio allí.
