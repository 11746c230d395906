SELECT source, category, hour_us,
    CASE WHEN last_us <= :at THEN n ELSE 1 END AS n,
    CASE WHEN last_us <= :at THEN lacking
        WHEN lacking_us > 0 AND lacking_us <= :at THEN 1
        ELSE 0 END AS lacking,
    first_us,
    CASE WHEN last_us <= :at THEN last_us ELSE first_us END AS last_us,
    CASE WHEN lacking_us <= :at THEN lacking_us ELSE 0 END AS lacking_us
FROM rollup_hour WHERE hour_us <= :at AND first_us <= :at
