SELECT coalesce(max(n), 0) FROM verify_run WHERE agency = :agency
