SELECT agency, n, from_us, at_us, segments, records, failed, detail
FROM verify_run WHERE at_us <= :at
