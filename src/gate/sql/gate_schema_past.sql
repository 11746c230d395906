-- Former passwords' hashes, the newest with the greatest id.
CREATE TABLE IF NOT EXISTS past (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  hash TEXT NOT NULL
)
