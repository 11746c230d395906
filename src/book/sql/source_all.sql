SELECT id, agency, log_source, sender, host FROM source ORDER BY id
