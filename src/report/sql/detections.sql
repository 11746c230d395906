-- Detections, newest first, each with its source, the newest answer to it and
-- how many records it cites.
SELECT d.source, d.n, d.rule, d.agency, d.subject, d."user", d.first_us,
    d.last_us, d."count", d.record, o.host, o.sender, o.log_source,
    (SELECT count(*) FROM detection_record x
     WHERE x.source = d.source AND x.n = d.n) AS records,
    (SELECT w.key FROM answer w
     WHERE w.source = d.source AND w.detection = d.n AND w.voided = 0
       AND w.agency = d.agency
     ORDER BY w."at" DESC, w.key LIMIT 1) AS answer
FROM detection d
JOIN source o ON o.id = d.source
WHERE d.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR d.agency = :agency)
    AND (:rule = '' OR d.rule = :rule)
    AND (:subject = '' OR d.subject = :subject OR d."user" = :subject)
    AND (:source = 0 OR d.source = :source)
    AND (:n = 0 OR d.n = :n)
    AND d.first_us >= :since AND d.first_us < :until
    AND (:open = 0 OR NOT EXISTS (
        SELECT 1 FROM answer w
        WHERE w.source = d.source AND w.detection = d.n AND w.voided = 0
          AND w.agency = d.agency))
ORDER BY d.first_us DESC, d.source, d.n DESC
LIMIT :most OFFSET :skip
