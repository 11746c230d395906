-- The tile that tells how large a tree is.
SELECT at, length(hashes) FROM tile
WHERE agency = :agency AND level = 0 ORDER BY at DESC LIMIT 1
