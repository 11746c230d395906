INSERT INTO leaf (agency, at, kind, at_us, data)
VALUES (:agency, :at, :kind, :at_us, :data)
