INSERT INTO tile (agency, level, at, hashes)
VALUES (:agency, :level, :at, :hashes)
ON CONFLICT (agency, level, at) DO UPDATE SET hashes = excluded.hashes
