UPDATE session SET ended_us = seen_us + :idle, how = :how
WHERE ended_us IS NULL AND seen_us + :idle <= :now
