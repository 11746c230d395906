SELECT count(*) FROM agency WHERE key = :agency
