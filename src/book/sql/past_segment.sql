SELECT name, agency, stream, class, keep_days, first_seq, n, first_us, last_us,
    sealed_us, leaf,
    CASE WHEN gone_us <= :at THEN gone_us END AS gone_us,
    CASE WHEN damaged <= :at THEN damaged ELSE 0 END AS damaged
FROM segment WHERE sealed_us <= :at
