UPDATE leaf SET data = NULL
WHERE kind = 18 AND at_us < :before AND data IS NOT NULL
  AND at < (SELECT max(m.at) FROM leaf m
      WHERE m.agency = leaf.agency AND m.kind = 18)
