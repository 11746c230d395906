SELECT seq, received_us, effective_us, actor, register, key, action, prev,
    body, salt, leaf, hash
FROM entry WHERE agency = :agency ORDER BY seq
