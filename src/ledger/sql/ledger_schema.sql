-- Hashes of the agencies' trees, 256 to a tile (C2SP tlog-tiles).
CREATE TABLE IF NOT EXISTS tile (
  agency TEXT NOT NULL,
  level INTEGER NOT NULL,
  at INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (agency, level, at)
) WITHOUT ROWID
