INSERT INTO verify_run (agency, n, from_us, at_us, segments, records,
    failed, detail)
VALUES (:agency, :n, :from_us, :at_us, :segments, :records, :failed, :detail)
