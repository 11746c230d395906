-- The newest changes of verdict of one agency.
SELECT s.clause, s.state, s.from_us, s.entry,
    (SELECT b.state FROM verdict_span b WHERE b.agency = s.agency
        AND b.clause = s.clause AND b.from_us < s.from_us
        ORDER BY b.from_us DESC LIMIT 1)
FROM verdict_span s
WHERE s.agency = :agency
    AND s.agency IN (SELECT value FROM json_each(:agencies))
    AND s.from_us <= :at
ORDER BY s.from_us DESC, s.clause
LIMIT :most
