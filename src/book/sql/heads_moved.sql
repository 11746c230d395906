SELECT l.agency FROM log l
WHERE EXISTS (SELECT 1 FROM stream_chain s
        WHERE s.agency = l.agency AND s.moved = 1)
   OR coalesce((SELECT max(c.last_seq) FROM chain c
        WHERE c.agency = l.agency), 0) > l.heads_seq
UNION
SELECT agency FROM stream_chain WHERE moved = 1
ORDER BY 1
