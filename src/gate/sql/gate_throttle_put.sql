INSERT INTO throttle (key, times, last_us, locked_us, locks, wrong)
VALUES (:key, :times, :last, :locked, :locks, :wrong)
ON CONFLICT (key) DO UPDATE SET times = excluded.times,
  last_us = excluded.last_us, locked_us = excluded.locked_us,
  locks = excluded.locks, wrong = excluded.wrong
