WITH RECURSIVE held(agency, role) AS (
    SELECT a.agency, a.role FROM appointment a
    JOIN person p ON p.agency = a.agency AND p.key = a.person
    WHERE a.agency = :agency AND a.person = :key AND a.voided = 0
      AND a."from" <= :now AND (a."until" IS NULL OR a."until" >= :today)
      AND p.voided = 0 AND (p.left_on IS NULL OR p.left_on >= :today)),
reach(agency, role) AS (
    SELECT agency, role FROM held
    UNION
    SELECT a.key, r.role FROM agency a
    JOIN reach r ON a.parent = r.agency AND a.voided = 0)
SELECT agency, role FROM reach ORDER BY agency
