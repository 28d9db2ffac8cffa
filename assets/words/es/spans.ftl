### Duraciones, como se dicen.

less-than-a-minute = menos de un minuto
span-minutes = { $minutes } min
span-hours = { $hours } h { $minutes } min
rough-minutes =
    { $minutes ->
        [one] { $minutes } minuto
       *[other] { $minutes } minutos
    }
rough-hours =
    { $hours ->
        [one] { $hours } hora
       *[other] { $hours } horas
    }
rough-days =
    { $days ->
        [one] { $days } día
       *[other] { $days } días
    }
