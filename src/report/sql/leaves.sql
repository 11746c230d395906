SELECT data FROM leaf WHERE agency = :agency AND at < :size ORDER BY at
