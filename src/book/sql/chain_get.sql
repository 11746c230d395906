SELECT n, last_seq, head FROM chain
WHERE agency = :agency AND register = :register
