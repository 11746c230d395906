SELECT size, root, note FROM checkpoint WHERE agency = :agency ORDER BY size
