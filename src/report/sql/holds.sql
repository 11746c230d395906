SELECT agency, key, title, class, log_source, records_from, records_until,
    until
FROM legal_hold
WHERE voided = 0 AND (until IS NULL OR until + 86400000000 > :now)
    AND agency IN (SELECT value FROM json_each(:agencies))
ORDER BY agency, key
LIMIT 500
