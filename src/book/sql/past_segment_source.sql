SELECT o.segment, o.source, o.first_us, o.last_us, o.n
FROM segment_source o JOIN segment s ON s.name = o.segment
WHERE s.sealed_us <= :at
