SELECT seq, received_us, effective_us, actor, action, register, key, leaf, prev,
    body
FROM entry
WHERE agency = :agency AND register = :register AND key = :key
ORDER BY seq DESC
