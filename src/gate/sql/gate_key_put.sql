INSERT INTO key (account, token, made_us, until_us)
VALUES (:account, :token, :now, :until)
ON CONFLICT (account) DO UPDATE SET token = excluded.token,
  made_us = excluded.made_us, until_us = excluded.until_us
