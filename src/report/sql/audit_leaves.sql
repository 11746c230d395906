SELECT at, kind, data FROM leaf WHERE agency = :agency ORDER BY at
