DELETE FROM checkpoint
WHERE at_us < :before
  AND size < (SELECT max(m.size) FROM checkpoint m
      WHERE m.agency = checkpoint.agency)
  AND EXISTS (SELECT 1 FROM checkpoint m
      WHERE m.agency = checkpoint.agency AND m.size > checkpoint.size
        AND (m.at_us + 28800000000) / 86400000000 =
            (checkpoint.at_us + 28800000000) / 86400000000)
