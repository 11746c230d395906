INSERT INTO source (id, agency, log_source, sender, host, via, first_us,
    last_us, records)
VALUES (:id, :agency, :log_source, :sender, :host, :via, :first_us, :last_us,
    :records)
ON CONFLICT (id) DO UPDATE SET agency = excluded.agency,
    log_source = excluded.log_source,
    first_us = min(source.first_us, excluded.first_us),
    last_us = max(source.last_us, excluded.last_us),
    records = max(source.records, excluded.records)
