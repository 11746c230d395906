INSERT INTO segment_source (segment, source, first_us, last_us, n)
VALUES (:segment, :source, :first_us, :last_us, :n)
