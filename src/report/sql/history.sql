SELECT s.agency, s.state, s.from_us, s.until_us, s.entry
FROM verdict_span s
WHERE s.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR s.agency = :agency) AND s.clause = :clause
ORDER BY s.from_us DESC, s.agency
LIMIT 200
