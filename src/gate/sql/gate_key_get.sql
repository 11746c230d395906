SELECT a.id, a.name, a.person, k.made_us, k.until_us
FROM key k JOIN account a ON a.id = k.account
WHERE k.token = :token AND a.disabled = 0
