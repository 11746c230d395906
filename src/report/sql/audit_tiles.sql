SELECT level, at, hashes FROM tile WHERE agency = :agency ORDER BY level, at
