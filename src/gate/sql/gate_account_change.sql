UPDATE account SET hash = :hash, must_change = 0, changed_us = :now
WHERE id = :account
