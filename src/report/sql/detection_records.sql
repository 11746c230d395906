-- The records a detection cites.
SELECT record FROM detection_record
WHERE source = :source AND n = :n
ORDER BY length(record), record
