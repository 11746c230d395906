SELECT id, person, hash, must_change, disabled, changed_us
FROM account WHERE name = :name
