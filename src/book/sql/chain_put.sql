INSERT INTO chain (agency, register, n, last_seq, head)
VALUES (:agency, :register, :n, :last_seq, :head)
ON CONFLICT (agency, register) DO UPDATE SET n = excluded.n,
    last_seq = excluded.last_seq, head = excluded.head
