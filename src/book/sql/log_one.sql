SELECT agency, origin, size, root, signed_size, note, signed_us
FROM log_signed WHERE agency = :agency
