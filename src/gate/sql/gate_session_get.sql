SELECT s.id, s.account, s.since_us, s.seen_us, a.name, a.person,
       a.must_change, a.changed_us
FROM session s JOIN account a ON a.id = s.account
WHERE s.token = :token AND s.ended_us IS NULL AND a.disabled = 0
