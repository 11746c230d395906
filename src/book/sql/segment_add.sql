INSERT INTO segment (name, agency, stream, class, keep_days, first_seq, n,
    first_us, last_us, sealed_us, leaf)
VALUES (:name, :agency, :stream, :class, :keep_days, :first_seq, :n,
    :first_us, :last_us, :sealed_us, :leaf)
