INSERT INTO clause_run (clause, at_us, next_us, refused)
VALUES (:clause, :at_us, :next_us, :refused)
ON CONFLICT (clause) DO UPDATE SET at_us = excluded.at_us,
    next_us = excluded.next_us, refused = excluded.refused
