INSERT INTO rollup_day (source, category, day_us, n, lacking, first_us,
    last_us, unseen_hours, lacking_us)
VALUES (:source, :category, :day_us, :n, :lacking, :first_us, :last_us,
    coalesce((SELECT max(d.unseen_hours) FROM rollup_day d
        WHERE d.source = :source AND d.day_us = :day_us),
        '111111111111111111111111'),
    :lacking_us)
ON CONFLICT (source, category, day_us) DO UPDATE SET
    n = rollup_day.n + excluded.n,
    lacking = rollup_day.lacking + excluded.lacking,
    first_us = min(rollup_day.first_us, excluded.first_us),
    last_us = max(rollup_day.last_us, excluded.last_us),
    lacking_us = CASE
        WHEN rollup_day.lacking_us = 0 THEN excluded.lacking_us
        WHEN excluded.lacking_us = 0 THEN rollup_day.lacking_us
        ELSE min(rollup_day.lacking_us, excluded.lacking_us) END
