INSERT INTO checkpoint (agency, size, root, note, at_us)
VALUES (:agency, :size, :root, :note, :at_us)
ON CONFLICT (agency, size) DO UPDATE SET note = excluded.note,
    at_us = excluded.at_us
