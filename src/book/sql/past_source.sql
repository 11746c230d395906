SELECT id, agency, log_source, sender, host, via, first_us, last_us,
    CASE WHEN last_us <= :at THEN records ELSE 1 END AS records,
    detections - (SELECT count(*) FROM detection d
        WHERE d.source = source.id AND d.first_us > :at) AS detections
FROM source WHERE first_us <= :at
