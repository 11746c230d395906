-- Verdicts as they were known at :at.
SELECT s.agency, s.clause, s.state, s.from_us, 0, 0, 0, 0, 0, 0
FROM verdict_span s
WHERE s.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR s.agency = :agency)
    AND (:clause = '' OR s.clause = :clause)
    AND s.from_us <= :at AND (s.until_us IS NULL OR s.until_us > :at)
ORDER BY s.agency, s.clause
