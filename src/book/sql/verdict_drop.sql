DELETE FROM verdict WHERE clause = :clause AND agency = :agency
