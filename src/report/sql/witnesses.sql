SELECT w.agency, w.name, w.at_us, w.size FROM witness w
WHERE w.agency IN (SELECT value FROM json_each(:agencies))
ORDER BY w.agency, w.at_us DESC LIMIT 200
