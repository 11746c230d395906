SELECT a.key, a.name, a.name_en, a.level, a.parent, a.oid
FROM agency a
WHERE a.voided = 0 AND a.key IN (SELECT value FROM json_each(:agencies))
    AND (:agency = '' OR a.key = :agency)
    AND (:parent = '' OR a.parent = :parent)
ORDER BY a.key
