-- Who wrote a chain, and what it continues: a replica that forked has branches,
-- each a chain of its own.
ALTER TABLE chain ADD COLUMN writer    TEXT    NOT NULL DEFAULT '';
ALTER TABLE chain ADD COLUMN base_pos  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN base_hash BLOB;      -- chain hash there; NULL: the chain's beginning
UPDATE chain SET writer = replica;
CREATE INDEX chain_by_writer ON chain (writer, ledger);

-- Where this tablet goes on writing, kept also when the ledger itself was
-- cleared away: a position is never given twice.
CREATE TABLE own_chain (
    ledger             TEXT    PRIMARY KEY,
    replica            TEXT    NOT NULL,   -- as which this tablet wrote
    chain              TEXT    NOT NULL,   -- that replica, or the branch of it that is ours
    pos                INTEGER NOT NULL,
    hash               BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO own_chain (ledger, replica, chain, pos, hash)
    SELECT c.ledger, c.replica, c.replica, c.pos, c.hash FROM chain c JOIN identity i ON i.replica = c.replica;

-- Replicas this tablet was before: it forked, and goes on as a new one. Their
-- last work is still sealed and handed in.
CREATE TABLE former_replica (
    replica            TEXT    PRIMARY KEY,
    seed               BLOB    NOT NULL,   -- Ed25519 seed, 32 bytes
    retired_at         TEXT    NOT NULL    -- RFC 3339 UTC
) STRICT, WITHOUT ROWID;

-- When a ledger was left, and when it was cleared away.
ALTER TABLE ledger ADD COLUMN left_at   TEXT;     -- RFC 3339 UTC; NULL: readable
ALTER TABLE ledger ADD COLUMN purged_at TEXT;     -- RFC 3339 UTC; NULL: all of it is here
ALTER TABLE receipt ADD COLUMN safe_at  TEXT;     -- RFC 3339 UTC, the tablet's clock: all of the chain safe since

-- A change's bytes lie apart from what finds them: where a row is its own index,
-- a search reads through the rows on its way, and one damaged page hides all.
CREATE TABLE change_row (
    ledger             TEXT    NOT NULL,
    replica            TEXT    NOT NULL,
    pos                INTEGER NOT NULL,
    id                 TEXT    NOT NULL,
    hash               BLOB    NOT NULL,   -- chain hash there, 32 bytes
    bytes              BLOB    NOT NULL,
    PRIMARY KEY (ledger, replica, pos)
) STRICT;
INSERT INTO change_row (ledger, replica, pos, id, hash, bytes)
    SELECT ledger, replica, pos, id, hash, bytes FROM change ORDER BY ledger, replica, pos;
DROP TABLE change;
ALTER TABLE change_row RENAME TO change;
CREATE UNIQUE INDEX change_by_id ON change (ledger, id);
