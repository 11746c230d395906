SELECT name, n, last_seq, head FROM stream_chain WHERE agency = :agency
UNION ALL
SELECT register, n, last_seq, head FROM chain WHERE agency = :agency
ORDER BY 1
