UPDATE session SET ended_us = :now, how = :how
WHERE id = :id AND ended_us IS NULL
