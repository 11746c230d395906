SELECT agency, register, n, last_seq, head FROM chain
ORDER BY agency, register
