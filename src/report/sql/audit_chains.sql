SELECT register, n, last_seq, head FROM chain WHERE agency = :agency
ORDER BY register
