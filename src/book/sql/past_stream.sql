SELECT t.name, t.agency, t.class, t.keep_days,
    min(t.first_seq, coalesce((SELECT min(s.first_seq) FROM segment s
        WHERE s.stream = t.name AND s.sealed_us <= :at
          AND (s.gone_us IS NULL OR s.gone_us > :at)), t.first_seq))
        AS first_seq,
    CASE WHEN t.last_us <= :at THEN t.last_seq
        ELSE coalesce((SELECT max(s.first_seq + s.n - 1) FROM segment s
            WHERE s.stream = t.name AND s.last_us <= :at), t.first_seq) END
        AS last_seq,
    min(t.first_us, coalesce((SELECT min(s.first_us) FROM segment s
        WHERE s.stream = t.name AND s.sealed_us <= :at
          AND (s.gone_us IS NULL OR s.gone_us > :at)), t.first_us))
        AS first_us,
    CASE WHEN t.last_us <= :at THEN t.last_us
        ELSE coalesce((SELECT max(s.last_us) FROM segment s
            WHERE s.stream = t.name AND s.last_us <= :at), t.first_us) END
        AS last_us
FROM stream t
WHERE t.first_us <= :at
   OR EXISTS (SELECT 1 FROM segment s
        WHERE s.stream = t.name AND s.sealed_us <= :at)
