SELECT max(seq) FROM entry
WHERE agency = :agency AND register = :register AND key = :key
