SELECT source, day_us, unseen_hours
FROM rollup_day
WHERE day_us >= :from
ORDER BY source
