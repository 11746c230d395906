INSERT INTO witness (agency, name, at_us, size)
VALUES (:agency, :name, :at_us, :size)
ON CONFLICT (agency, name, at_us) DO UPDATE SET size = excluded.size
