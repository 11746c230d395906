SELECT hashes FROM tile WHERE agency = :agency AND level = :level AND at = :at
