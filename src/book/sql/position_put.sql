INSERT INTO stream_position (stream, seq) VALUES (:stream, :seq)
ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq
