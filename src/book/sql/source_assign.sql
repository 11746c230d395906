UPDATE source SET agency = :agency, log_source = :log_source
WHERE id = :id
