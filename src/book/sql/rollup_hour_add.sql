INSERT INTO rollup_hour (source, category, hour_us, n, lacking, first_us,
    last_us, lacking_us)
VALUES (:source, :category, :hour_us, :n, :lacking, :first_us, :last_us,
    :lacking_us)
ON CONFLICT (source, category, hour_us) DO UPDATE SET
    n = rollup_hour.n + excluded.n,
    lacking = rollup_hour.lacking + excluded.lacking,
    first_us = min(rollup_hour.first_us, excluded.first_us),
    last_us = max(rollup_hour.last_us, excluded.last_us),
    lacking_us = CASE
        WHEN rollup_hour.lacking_us = 0 THEN excluded.lacking_us
        WHEN excluded.lacking_us = 0 THEN rollup_hour.lacking_us
        ELSE min(rollup_hour.lacking_us, excluded.lacking_us) END
