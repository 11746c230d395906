-- Findings, worst first: of one agency or clause where given. Only what is
-- not met is a finding, unless :all.
SELECT f.agency, f.clause, f.subject, f.subject_title, f.state, f.since_us,
    f.due_us, f.problem, f.evidence, f.known_state, f.known_since_us
FROM finding f
WHERE f.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR f.agency = :agency)
    AND (:clause = '' OR f.clause = :clause)
    AND (:every = 1 OR f.state IN ('unmet', 'unknown', 'due'))
ORDER BY CASE f.state WHEN 'unmet' THEN 0 WHEN 'unknown' THEN 1
    WHEN 'due' THEN 2 WHEN 'excepted' THEN 3 WHEN 'met' THEN 4 ELSE 5 END,
    f.since_us DESC, f.agency, f.clause, f.subject
LIMIT :most
