UPDATE rollup_day SET unseen_hours =
    substr(unseen_hours, 1, :hour) || '0' || substr(unseen_hours, :hour + 2)
WHERE source = :source AND day_us = :day_us
  AND substr(unseen_hours, :hour + 1, 1) <> '0'
