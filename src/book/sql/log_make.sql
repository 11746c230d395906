INSERT INTO log (agency, origin, size, root)
VALUES (:agency, :origin, 0, :root)
