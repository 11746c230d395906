INSERT INTO session (token, account, address, since_us, seen_us)
VALUES (:token, :account, :address, :now, :now)
