SELECT seq, received_us, effective_us, actor, action, register, key, leaf, prev
FROM entry
WHERE agency = :agency AND (:register = '' OR register = :register)
  AND register NOT IN (SELECT value FROM json_each(:hidden))
ORDER BY seq DESC LIMIT :limit OFFSET :offset
