SELECT name, stream, first_seq, n, first_us, last_us, leaf, gone_us, class,
    keep_days
FROM segment WHERE agency = :agency ORDER BY leaf
