SELECT d.source, d.category, d.day_us,
    CASE WHEN d.last_us <= :at THEN d.n ELSE 1 END AS n,
    CASE WHEN d.last_us <= :at THEN d.lacking
        WHEN d.lacking_us > 0 AND d.lacking_us <= :at THEN 1
        ELSE 0 END AS lacking,
    d.first_us,
    CASE WHEN d.last_us <= :at THEN d.last_us
        ELSE coalesce((SELECT max(CASE WHEN h.last_us <= :at THEN h.last_us
                ELSE h.first_us END)
            FROM rollup_hour h
            WHERE h.source = d.source AND h.category = d.category
              AND h.hour_us >= d.day_us AND h.hour_us <= :at
              AND h.first_us <= :at), d.first_us) END AS last_us,
    CASE WHEN d.day_us + 86400000000 <= :at THEN d.unseen_hours
        ELSE substr(d.unseen_hours, 1, (:at - d.day_us) / 3600000000)
            || CASE WHEN EXISTS (SELECT 1 FROM rollup_hour h
                WHERE h.source = d.source
                  AND h.hour_us = d.day_us + (:at - d.day_us) / 3600000000 * 3600000000
                  AND h.first_us <= :at) THEN '0' ELSE '1' END
            || substr('111111111111111111111111',
                (:at - d.day_us) / 3600000000 + 2) END AS unseen_hours,
    CASE WHEN d.lacking_us <= :at THEN d.lacking_us ELSE 0 END AS lacking_us
FROM rollup_day d WHERE d.day_us <= :at AND d.first_us <= :at
