-- Who this tablet is. One row: before enrolment is complete it holds only the
-- replica and its key, so that a lost answer of the office can be asked again.
CREATE TABLE identity (
    one                INTEGER PRIMARY KEY CHECK (one = 1),
    replica            TEXT    NOT NULL,
    seed               BLOB    NOT NULL,   -- Ed25519 seed, 32 bytes
    server             TEXT    NOT NULL,   -- base address of the office
    enrolled           TEXT                -- JSON of store::identity::Enrolled; NULL until the office answered
) STRICT;

-- Small facts about this installation: the last contact, the clock's offset.
CREATE TABLE setting (
    name               TEXT    PRIMARY KEY,
    value              TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Ledgers this tablet may read, or once could.
CREATE TABLE ledger (
    ledger             TEXT    PRIMARY KEY,
    granted            INTEGER NOT NULL DEFAULT 1,  -- 0: left; own work is still handed in
    task               TEXT,                        -- from the genesis; NULL until it arrived
    department         TEXT                         -- of an internal ledger; NULL: joint
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_task ON ledger (task);

-- How far each chain is held, and up to where a verified seal covers it.
CREATE TABLE chain (
    ledger             TEXT    NOT NULL,
    replica            TEXT    NOT NULL,
    pos                INTEGER NOT NULL,
    hash               BLOB    NOT NULL,
    sealed_pos         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (ledger, replica)
) STRICT, WITHOUT ROWID;

-- The wire truth: every change's bytes, verbatim, for ever.
CREATE TABLE change (
    ledger             TEXT    NOT NULL,
    replica            TEXT    NOT NULL,
    pos                INTEGER NOT NULL,
    id                 TEXT    NOT NULL,
    hash               BLOB    NOT NULL,   -- chain hash there, 32 bytes
    bytes              BLOB    NOT NULL,
    PRIMARY KEY (ledger, replica, pos)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX change_by_id ON change (ledger, id);

CREATE TABLE seal (
    ledger             TEXT    NOT NULL,
    replica            TEXT    NOT NULL,
    pos                INTEGER NOT NULL,
    signature          BLOB    NOT NULL,
    PRIMARY KEY (ledger, replica, pos)
) STRICT, WITHOUT ROWID;

-- Certificates that verified against the office's key.
CREATE TABLE certificate (
    replica            TEXT    PRIMARY KEY,
    json               TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The server's latest receipt per chain: "safe at the server".
CREATE TABLE receipt (
    ledger             TEXT    NOT NULL,
    replica            TEXT    NOT NULL,
    upto               INTEGER NOT NULL,
    json               TEXT    NOT NULL,
    PRIMARY KEY (ledger, replica)
) STRICT, WITHOUT ROWID;

-- The fold: statements on registers, judgements, and what follows from them.
CREATE TABLE fact (
    ledger             TEXT    NOT NULL,
    kind               TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    field              TEXT    NOT NULL,
    change             TEXT    NOT NULL,
    idx                INTEGER NOT NULL,
    json               TEXT    NOT NULL,
    PRIMARY KEY (ledger, kind, rec, field, change, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_by_change ON fact (ledger, change);

CREATE TABLE verdict (
    ledger             TEXT    NOT NULL,
    change             TEXT    NOT NULL,   -- the change that is judged
    verdict            TEXT    NOT NULL,   -- void | review
    reason             TEXT    NOT NULL,
    PRIMARY KEY (ledger, change, verdict)
) STRICT, WITHOUT ROWID;

CREATE TABLE register (
    ledger             TEXT    NOT NULL,
    kind               TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    field              TEXT    NOT NULL,
    json               TEXT    NOT NULL,
    contested          INTEGER NOT NULL,
    PRIMARY KEY (ledger, kind, rec, field)
) STRICT, WITHOUT ROWID;

-- Files: which exist, which are here (encrypted under blobs/), which are safe.
CREATE TABLE blob (
    sha256             TEXT    PRIMARY KEY,
    bytes              INTEGER NOT NULL,
    here               INTEGER NOT NULL DEFAULT 0,
    mine               INTEGER NOT NULL DEFAULT 0,  -- taken here: to be handed in
    at_server          INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Which ledger speaks of which file; the order of download is by `rank`.
CREATE TABLE blob_reference (
    ledger             TEXT    NOT NULL,
    sha256             TEXT    NOT NULL REFERENCES blob (sha256),
    rank               INTEGER NOT NULL,   -- 0 package, 1 thumbnail, 2 original, 3 document
    PRIMARY KEY (ledger, sha256)
) STRICT, WITHOUT ROWID;

-- Projection of the fold for lists (`ledger::projection`); made anew from the
-- chains at any time, so it carries no constraint that a change could violate.
CREATE TABLE task (
    ledger             TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    title              TEXT,
    number             TEXT,
    status             TEXT,
    enterprise         TEXT,
    uscc               TEXT,
    address            TEXT,
    risk               TEXT,
    visit_date         TEXT,
    lead               TEXT,
    package_sha256     TEXT,
    items              INTEGER,
    PRIMARY KEY (ledger, rec)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_by_day ON task (visit_date);

CREATE TABLE party (
    ledger             TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    department         TEXT,
    name               TEXT,
    short_name         TEXT,
    lead               INTEGER,
    PRIMARY KEY (ledger, rec)
) STRICT, WITHOUT ROWID;

CREATE TABLE item_result (
    ledger             TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    answer             TEXT,
    contested          INTEGER,
    PRIMARY KEY (ledger, rec)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    ledger             TEXT    NOT NULL,
    rec                TEXT    NOT NULL,
    department         TEXT,
    item               TEXT,
    level              TEXT,
    fact               TEXT,
    deadline           TEXT,
    review             TEXT,
    contested          INTEGER,
    PRIMARY KEY (ledger, rec)
) STRICT, WITHOUT ROWID;
