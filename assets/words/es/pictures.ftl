### Cómo se envían las imágenes de una llamada: por qué con una conexión débil no van como siempre, y qué se puede elegir.

own-on-thin-link-slides = Su imagen se envía en fotos sueltas: la conexión es débil. Su voz va primero.
own-on-thin-link-off = Su imagen no se envía: la conexión es demasiado débil. Le oyen, y la imagen volverá sin que haga nada.
theirs-on-thin-link-slides = La imagen de la otra persona llega en fotos sueltas: su conexión es débil. Su voz va primero.
theirs-on-thin-link-off = La imagen de la otra persona no llega: su conexión es demasiado débil. Usted la oye, y la imagen volverá sin que haga nada.
their-link-too-thin = La conexión de la otra persona es demasiado débil para una imagen
chosen-saving = Se ahorran datos, así que las imágenes son pequeñas.
chosen-saving-theirs = La otra persona ahorra datos, así que las imágenes son pequeñas.
chosen-sharp = Las imágenes son nítidas y se mueven despacio, como eligió uno de ustedes.
pictures = Imágenes con una conexión débil
for-both = Para las imágenes de ambas personas; cualquiera de las dos puede cambiarlo.
save-data = Ahorrar datos: imágenes pequeñas, en ambos sentidos
key-mode = Imágenes fluidas o nítidas
key-save-data = Ahorrar datos o no
mode-smooth = Fluidas: para hablar y para la lengua de signos
mode-sharp = Nítidas, pero lentas: para documentos y para la piel
