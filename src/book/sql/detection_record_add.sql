INSERT INTO detection_record (source, n, record)
SELECT :source, :n, :record
WHERE (SELECT count(*) FROM detection_record
       WHERE source = :source AND n = :n) < 32
ON CONFLICT DO NOTHING
