INSERT INTO stream_chain (name, agency, n, last_seq, head, moved)
VALUES (:name, :agency, :n, :last_seq, :head, 1)
ON CONFLICT (name) DO UPDATE SET n = excluded.n,
    last_seq = excluded.last_seq, head = excluded.head, moved = 1
WHERE stream_chain.head <> excluded.head OR stream_chain.n <> excluded.n
