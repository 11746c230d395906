-- A key lets a machine ask as an account, without a password; one an account.
-- token is the SHA-256 of the key.
CREATE TABLE IF NOT EXISTS key (
  account INTEGER PRIMARY KEY REFERENCES account (id),
  token BLOB NOT NULL UNIQUE,
  made_us INTEGER NOT NULL,
  until_us INTEGER NOT NULL
)
