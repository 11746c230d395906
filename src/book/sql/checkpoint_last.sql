SELECT size, note FROM checkpoint WHERE agency = :agency
ORDER BY size DESC LIMIT 1
