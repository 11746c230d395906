UPDATE account SET hash = :hash, must_change = 1, changed_us = :now
WHERE id = :account
