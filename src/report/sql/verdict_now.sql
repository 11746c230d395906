-- Verdicts as they are: of one agency (:agency) or clause (:clause) where
-- given, else all that the viewer may see.
SELECT v.agency, v.clause, v.state, v.since_us, v.n_met, v.n_due, v.n_unmet,
    v.n_unknown, v.n_excepted, v.n_na
FROM verdict v
WHERE v.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR v.agency = :agency)
    AND (:clause = '' OR v.clause = :clause)
ORDER BY v.agency, v.clause
