INSERT INTO disk (at_us, free, used, day_bytes)
VALUES (:at_us, :free, :used, :day_bytes)
ON CONFLICT (at_us) DO UPDATE SET free = excluded.free, used = excluded.used,
    day_bytes = excluded.day_bytes
