SELECT root, (SELECT max(size) FROM checkpoint WHERE agency = :agency)
FROM checkpoint WHERE agency = :agency AND size = :size
