INSERT INTO detection (source, n, rule, agency, subject, "user", first_us,
    last_us, "count", record)
VALUES (:source, :n, :rule, :agency, :subject, :user, :first_us, :last_us,
    :count, :record)
