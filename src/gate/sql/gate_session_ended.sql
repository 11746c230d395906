SELECT s.id, a.name, a.person, s.address, s.since_us, s.ended_us, s.how
FROM session s JOIN account a ON a.id = s.account
WHERE s.ended_us IS NOT NULL ORDER BY s.ended_us, s.id LIMIT 1
