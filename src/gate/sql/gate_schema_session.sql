-- token is the SHA-256 of the session's token. A row with ended_us has ended
-- and goes when its end has been told.
CREATE TABLE IF NOT EXISTS session (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token BLOB NOT NULL UNIQUE,
  account INTEGER NOT NULL REFERENCES account (id),
  address TEXT NOT NULL,
  since_us INTEGER NOT NULL,
  seen_us INTEGER NOT NULL,
  ended_us INTEGER,
  how INTEGER NOT NULL DEFAULT 0
)
