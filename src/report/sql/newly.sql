-- Verdicts that most lately became unmet or unknown.
SELECT s.agency, s.clause, s.state, s.from_us
FROM verdict_span s
WHERE s.agency IN (SELECT value FROM json_each(:agencies))
    AND s.state IN ('unmet', 'unknown')
    AND s.from_us <= :at AND (s.until_us IS NULL OR s.until_us > :at)
    AND EXISTS (SELECT 1 FROM verdict_span b WHERE b.agency = s.agency
        AND b.clause = s.clause AND b.from_us < s.from_us)
ORDER BY s.from_us DESC, s.agency, s.clause
LIMIT :most
