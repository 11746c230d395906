INSERT INTO account (name, person, hash, must_change, created_us, changed_us)
VALUES (:name, :person, :hash, 1, :now, :now)
ON CONFLICT (name) DO NOTHING
