SELECT leaf, body, salt, register, key, action, effective_us
FROM entry WHERE agency = :agency AND seq = :seq
