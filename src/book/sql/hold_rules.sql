SELECT agency, key, class, log_source, records_from, records_until, until
FROM legal_hold WHERE voided = 0 ORDER BY agency, key
