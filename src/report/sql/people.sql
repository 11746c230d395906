SELECT p.role, p.person, coalesce(x.name, p.person), p."until"
FROM appointment p LEFT JOIN person x
    ON x.agency = p.agency AND x.key = p.person
WHERE p.voided = 0 AND p.agency = :agency
    AND p.agency IN (SELECT value FROM json_each(:agencies))
    AND p."from" <= :at AND (p."until" IS NULL OR p."until" + 86400000000 > :at)
ORDER BY p.role, p.person
