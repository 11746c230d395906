SELECT agency, seq, received_us, effective_us, register, key, action, body
FROM entry
WHERE effective_us <= :at AND received_us <= :known AND action <> 'note'
ORDER BY effective_us, agency, seq
