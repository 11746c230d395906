SELECT agency, register, seq, hash FROM entry
ORDER BY agency, register, seq
