SELECT agency, stream, class, keep_days, first_seq, n, first_us, last_us,
    sealed_us, leaf, gone_us, damaged
FROM segment WHERE name = :name
