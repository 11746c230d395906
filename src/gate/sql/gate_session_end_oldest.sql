-- All of an account but its newest :keep.
UPDATE session SET ended_us = :now, how = :how
WHERE account = :account AND ended_us IS NULL AND id NOT IN
  (SELECT id FROM session WHERE account = :account AND ended_us IS NULL
   ORDER BY id DESC LIMIT :keep)
