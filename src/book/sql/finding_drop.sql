DELETE FROM finding
WHERE clause = :clause AND agency = :agency AND subject = :subject
