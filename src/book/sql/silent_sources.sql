-- Log sources in service of which nothing came for longer than they may be
-- silent, and whose silence has no detection yet: the source heard last, and
-- since when the silence is one.
SELECT id, log_source, silent_us FROM (
    SELECT o.id, o.log_source, o.agency,
        o.last_us + coalesce(l.silent_hours, :hours) * 3600000000 AS silent_us,
        row_number() OVER (PARTITION BY o.agency, o.log_source
            ORDER BY o.last_us DESC, o.id) AS place
    FROM source o
    JOIN log_source l ON l.agency = o.agency AND l.key = o.log_source
    WHERE l.voided = 0 AND (l.retired_on IS NULL OR l.retired_on > :now)) s
WHERE place = 1 AND silent_us <= :now
    AND NOT EXISTS (SELECT 1 FROM detection d
        WHERE d.source = s.id AND d.rule = 'silent-source'
          AND d.subject = s.log_source AND d.first_us = s.silent_us)
LIMIT 200
