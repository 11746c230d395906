UPDATE log SET heads_seq = coalesce((SELECT max(last_seq) FROM chain
    WHERE agency = :agency), 0)
WHERE agency = :agency
