WITH RECURSIVE up(key) AS (
    SELECT :parent
    UNION
    SELECT a.parent FROM agency a JOIN up ON a.agency = up.key
    WHERE a.parent IS NOT NULL)
SELECT 1 FROM up WHERE key = :agency
