-- The book's fixed tables. Registers have one table each besides, made from
-- registers/*.yaml. Entries are never changed or deleted.
CREATE TABLE IF NOT EXISTS book_version (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL);
INSERT INTO book_version (one, version) VALUES (1, 1) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS entry (
    agency TEXT NOT NULL,
    seq INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    effective_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    register TEXT NOT NULL,
    key TEXT NOT NULL,
    action TEXT NOT NULL,
    prev INTEGER NOT NULL,
    body TEXT NOT NULL,
    salt BLOB NOT NULL,
    leaf INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (agency, seq));
CREATE INDEX IF NOT EXISTS entry_of_row
    ON entry (agency, register, key, seq);
CREATE INDEX IF NOT EXISTS entry_by_time ON entry (effective_us, seq);
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_kept BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;

-- The head of each register's chain of entry leaf hashes.
CREATE TABLE IF NOT EXISTS chain (
    agency TEXT NOT NULL,
    register TEXT NOT NULL,
    n INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    PRIMARY KEY (agency, register));

CREATE TABLE IF NOT EXISTS log (
    agency TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    heads_size INTEGER NOT NULL DEFAULT 0,
    heads_seq INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS leaf (
    agency TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    data BLOB,
    PRIMARY KEY (agency, at));
CREATE TABLE IF NOT EXISTS checkpoint (
    agency TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (agency, size));

CREATE VIEW IF NOT EXISTS log_signed AS
SELECT l.agency AS agency, l.origin AS origin, l.size AS size, l.root AS root,
    coalesce(c.size, 0) AS signed_size, c.note AS note,
    coalesce(c.at_us, 0) AS signed_us
FROM log l LEFT JOIN checkpoint c ON c.agency = l.agency AND c.size =
    (SELECT max(size) FROM checkpoint WHERE agency = l.agency);

CREATE TABLE IF NOT EXISTS source (
    id INTEGER PRIMARY KEY,
    agency TEXT NOT NULL,
    log_source TEXT,
    sender TEXT NOT NULL,
    host TEXT NOT NULL,
    via TEXT NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    records INTEGER NOT NULL,
    detections INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS rollup_hour (
    source INTEGER NOT NULL,
    category TEXT NOT NULL,
    hour_us INTEGER NOT NULL,
    n INTEGER NOT NULL,
    lacking INTEGER NOT NULL DEFAULT 0,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    lacking_us INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, category, hour_us));
CREATE INDEX IF NOT EXISTS rollup_hour_by_time ON rollup_hour (hour_us);
CREATE TABLE IF NOT EXISTS rollup_day (
    source INTEGER NOT NULL,
    category TEXT NOT NULL,
    day_us INTEGER NOT NULL,
    n INTEGER NOT NULL,
    lacking INTEGER NOT NULL DEFAULT 0,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    unseen_hours TEXT NOT NULL DEFAULT '111111111111111111111111',
    lacking_us INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, category, day_us));
CREATE INDEX IF NOT EXISTS rollup_day_by_time ON rollup_day (day_us);
CREATE INDEX IF NOT EXISTS rollup_day_of_source ON rollup_day (source, day_us);
CREATE TABLE IF NOT EXISTS stream_position (
    stream TEXT PRIMARY KEY,
    seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS intake_loss (
    at_us INTEGER NOT NULL,
    socket TEXT NOT NULL,
    lost INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS intake_loss_by_time ON intake_loss (at_us);
CREATE TABLE IF NOT EXISTS detection (
    source INTEGER NOT NULL,
    n INTEGER NOT NULL,
    rule TEXT NOT NULL,
    agency TEXT NOT NULL,
    subject TEXT NOT NULL,
    "user" TEXT,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    record TEXT,
    PRIMARY KEY (source, n));
CREATE TABLE IF NOT EXISTS detection_record (
    source INTEGER NOT NULL,
    n INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (source, n, record));
CREATE INDEX IF NOT EXISTS detection_by_time ON detection (first_us);
CREATE INDEX IF NOT EXISTS detection_of_rule
    ON detection (source, rule, subject, first_us);
CREATE TABLE IF NOT EXISTS segment (
    name TEXT PRIMARY KEY,
    agency TEXT NOT NULL,
    stream TEXT NOT NULL,
    class TEXT NOT NULL,
    keep_days INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    sealed_us INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    gone_us INTEGER,
    damaged INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS segment_of_stream ON segment (stream, first_seq);
CREATE TABLE IF NOT EXISTS segment_source (
    segment TEXT NOT NULL,
    source INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (segment, source));
CREATE INDEX IF NOT EXISTS segment_source_of_source
    ON segment_source (source, first_us);
CREATE TABLE IF NOT EXISTS stream (
    name TEXT PRIMARY KEY,
    agency TEXT NOT NULL,
    class TEXT NOT NULL,
    keep_days INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stream_chain (
    name TEXT PRIMARY KEY,
    agency TEXT NOT NULL,
    n INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    moved INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS verify_run (
    agency TEXT NOT NULL,
    n INTEGER NOT NULL,
    from_us INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    records INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (agency, n));
CREATE TABLE IF NOT EXISTS witness (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (agency, name, at_us));
CREATE TABLE IF NOT EXISTS replica (
    agency TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    hour_us INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    size INTEGER NOT NULL,
    behind INTEGER NOT NULL,
    agrees INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    PRIMARY KEY (agency, name, n));
CREATE UNIQUE INDEX IF NOT EXISTS replica_of_hour
    ON replica (agency, name, hour_us);
CREATE TABLE IF NOT EXISTS disk (
    at_us INTEGER PRIMARY KEY,
    free INTEGER NOT NULL,
    used INTEGER NOT NULL,
    day_bytes INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS verdict (
    clause TEXT NOT NULL,
    agency TEXT NOT NULL,
    chapter INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    problem TEXT,
    n_met INTEGER NOT NULL DEFAULT 0,
    n_due INTEGER NOT NULL DEFAULT 0,
    n_unmet INTEGER NOT NULL DEFAULT 0,
    n_unknown INTEGER NOT NULL DEFAULT 0,
    n_excepted INTEGER NOT NULL DEFAULT 0,
    n_na INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (clause, agency));
CREATE INDEX IF NOT EXISTS verdict_of_agency ON verdict (agency, clause);
CREATE TABLE IF NOT EXISTS finding (
    clause TEXT NOT NULL,
    agency TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_title TEXT NOT NULL,
    state TEXT NOT NULL,
    since_us INTEGER,
    due_us INTEGER,
    problem TEXT,
    evidence TEXT NOT NULL,
    known_state TEXT,
    known_since_us INTEGER,
    PRIMARY KEY (clause, agency, subject));
CREATE INDEX IF NOT EXISTS finding_of_agency ON finding (agency, state);
CREATE TABLE IF NOT EXISTS verdict_span (
    clause TEXT NOT NULL,
    agency TEXT NOT NULL,
    state TEXT NOT NULL,
    from_us INTEGER NOT NULL,
    until_us INTEGER,
    entry INTEGER NOT NULL,
    PRIMARY KEY (clause, agency, entry));
CREATE INDEX IF NOT EXISTS verdict_span_by_time ON verdict_span (from_us);
CREATE TABLE IF NOT EXISTS tally (
    agency TEXT NOT NULL,
    chapter INTEGER NOT NULL,
    state TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (agency, chapter, state));
CREATE TABLE IF NOT EXISTS tally_version (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL);
INSERT INTO tally_version (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS clause_run (
    clause TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL,
    next_us INTEGER,
    refused TEXT);
