SELECT source, n, rule, agency, subject, "user", first_us,
    CASE WHEN last_us <= :at THEN last_us ELSE first_us END AS last_us,
    CASE WHEN last_us <= :at THEN "count" ELSE 1 END AS "count", record
FROM detection WHERE first_us <= :at
