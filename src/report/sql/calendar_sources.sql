SELECT o.id, o.agency, o.sender, o.host, o.log_source, o.first_us, o.last_us,
    o.records, r.name, r.silent_hours, r.retired_on
FROM source o
LEFT JOIN log_source r
    ON r.agency = o.agency AND r.key = o.log_source AND r.voided = 0
WHERE o.agency IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR o.agency = :agency)
ORDER BY o.agency, coalesce(r.name, o.host), o.id
LIMIT 1000
