SELECT action, body, effective_us FROM entry
WHERE agency = :agency AND register = :register AND key = :key
  AND seq < :seq AND effective_us <= :effective_us
ORDER BY effective_us DESC, seq DESC LIMIT 1
