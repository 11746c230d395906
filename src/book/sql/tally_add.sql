INSERT INTO tally (agency, chapter, state, n)
VALUES (:agency, :chapter, :state, :n)
ON CONFLICT (agency, chapter, state) DO UPDATE SET n = tally.n + excluded.n
