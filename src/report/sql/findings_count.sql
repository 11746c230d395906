SELECT count(*)
FROM finding f
WHERE f.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR f.agency = :agency)
    AND (:clause = '' OR f.clause = :clause)
    AND (:every = 1 OR f.state IN ('unmet', 'unknown', 'due'))
