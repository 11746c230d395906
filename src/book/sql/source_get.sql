SELECT agency, log_source, first_us, last_us, records, detections
FROM source WHERE id = :id
