SELECT v.agency, v.at_us, v.segments, v.records, v.failed, v.detail
FROM verify_run v
WHERE v.agency IN (SELECT value FROM json_each(:agencies))
    AND v.n = (SELECT max(n) FROM verify_run w WHERE w.agency = v.agency)
ORDER BY v.agency
