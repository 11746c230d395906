UPDATE source SET
    last_us = max(first_us, coalesce(
        (SELECT max(d.last_us) FROM rollup_day d WHERE d.source = source.id),
        first_us)),
    records = max(1, coalesce(
        (SELECT sum(d.n) FROM rollup_day d WHERE d.source = source.id), 1))
WHERE last_us > :at
