SELECT agency, name, n, hour_us, at_us, size, behind, agrees, segments, missing
FROM replica WHERE at_us <= :at
