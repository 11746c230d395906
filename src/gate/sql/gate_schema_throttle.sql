-- Failures to sign in, by a keyed hash of name or address. times is a list of
-- 64-bit instants, oldest first.
CREATE TABLE IF NOT EXISTS throttle (
  key BLOB PRIMARY KEY,
  times BLOB NOT NULL,
  last_us INTEGER NOT NULL,
  locked_us INTEGER NOT NULL,
  locks INTEGER NOT NULL,
  wrong BLOB NOT NULL
) WITHOUT ROWID
