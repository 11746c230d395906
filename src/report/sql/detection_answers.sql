-- What was done about a detection.
SELECT w.key, w.action, w.by, w."at", w.entry
FROM answer w
WHERE w.source = :source AND w.detection = :n AND w.voided = 0
    AND w.agency = :agency
ORDER BY w."at", w.key
LIMIT 50
