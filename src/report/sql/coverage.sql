-- How much of what is declared was seen within a day, and how much of what
-- was seen is declared.
SELECT
    (SELECT count(*) FROM system s WHERE s.voided = 0
        AND s.agency IN (SELECT value FROM json_each(:agencies))
        AND (:agency = '' OR s.agency = :agency)
        AND (s.retired_on IS NULL OR s.retired_on > :at)),
    (SELECT count(*) FROM system s WHERE s.voided = 0
        AND s.agency IN (SELECT value FROM json_each(:agencies))
        AND (:agency = '' OR s.agency = :agency)
        AND (s.retired_on IS NULL OR s.retired_on > :at)
        AND EXISTS (SELECT 1 FROM log_source l JOIN source o
            ON o.agency = l.agency AND o.log_source = l.key
            WHERE l.agency = s.agency AND l.system = s.key AND l.voided = 0
            AND o.last_us > :at - 86400000000)),
    (SELECT count(*) FROM source o
        WHERE o.agency IN (SELECT value FROM json_each(:agencies))
        AND (:agency = '' OR o.agency = :agency)),
    (SELECT count(*) FROM source o WHERE o.log_source IS NOT NULL
        AND o.agency IN (SELECT value FROM json_each(:agencies))
        AND (:agency = '' OR o.agency = :agency))
