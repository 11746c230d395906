-- All of an account but one (0: all).
UPDATE session SET ended_us = :now, how = :how
WHERE account = :account AND id <> :but AND ended_us IS NULL
