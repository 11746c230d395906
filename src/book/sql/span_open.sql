INSERT INTO verdict_span (clause, agency, state, from_us, until_us, entry)
VALUES (:clause, :agency, :state, :at, NULL, :entry)
