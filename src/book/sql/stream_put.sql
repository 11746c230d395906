INSERT INTO stream (name, agency, class, keep_days, first_seq, last_seq,
    first_us, last_us)
VALUES (:name, :agency, :class, :keep_days, :first_seq, :last_seq, :first_us,
    :last_us)
ON CONFLICT (name) DO UPDATE SET first_seq = excluded.first_seq,
    last_seq = excluded.last_seq, first_us = excluded.first_us,
    last_us = excluded.last_us
WHERE stream.first_seq <> excluded.first_seq
   OR stream.last_seq <> excluded.last_seq
   OR stream.first_us <> excluded.first_us
   OR stream.last_us <> excluded.last_us
