UPDATE session SET ended_us = since_us + :absolute, how = :how
WHERE ended_us IS NULL AND since_us + :absolute <= :now
  AND since_us + :absolute < seen_us + :idle
