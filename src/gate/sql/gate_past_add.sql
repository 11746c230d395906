INSERT INTO past (account, hash) VALUES (:account, :hash)
