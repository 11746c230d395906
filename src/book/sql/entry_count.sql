SELECT count(*) FROM entry
WHERE agency = :agency AND (:register = '' OR register = :register)
  AND register NOT IN (SELECT value FROM json_each(:hidden))
