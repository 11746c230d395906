-- How many detections of each rule, and how many of them nobody answered.
SELECT d.rule, count(*) AS n,
    sum(NOT EXISTS (
        SELECT 1 FROM answer w
        WHERE w.source = d.source AND w.detection = d.n AND w.voided = 0
          AND w.agency = d.agency)) AS open_n,
    max(d.first_us) AS last_us
FROM detection d
WHERE d.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR d.agency = :agency)
    AND (:subject = '' OR d.subject = :subject OR d."user" = :subject)
    AND d.first_us >= :since AND d.first_us < :until
GROUP BY d.rule
ORDER BY d.rule
