INSERT INTO replica (agency, name, n, hour_us, at_us, size, behind, agrees,
    segments, missing)
VALUES (:agency, :name,
    (SELECT coalesce(max(n), 0) + 1 FROM replica
        WHERE agency = :agency AND name = :name),
    :hour_us, :at_us, :size, :behind, :agrees, :segments, :missing)
ON CONFLICT (agency, name, hour_us) DO UPDATE SET at_us = excluded.at_us,
    size = excluded.size, behind = excluded.behind,
    agrees = min(agrees, excluded.agrees), segments = excluded.segments,
    missing = excluded.missing
