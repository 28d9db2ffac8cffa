### Spans of time as people say them.

less-than-a-minute = less than a minute
span-minutes = { $minutes } min
span-hours = { $hours } h { $minutes } min
rough-minutes =
    { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }
rough-hours =
    { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }
rough-days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
