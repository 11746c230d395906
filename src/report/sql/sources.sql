SELECT o.id, o.agency, o.sender, o.host, o.via, o.records, o.first_us,
    o.last_us, o.log_source
FROM source o
WHERE o.agency IN (SELECT value FROM json_each(:agencies))
ORDER BY o.id
LIMIT 2000
