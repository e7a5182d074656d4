-- Files on their way up: where the office keeps each upload, and how much of it
-- the office has confirmed.
CREATE TABLE upload (
    sha256             TEXT    PRIMARY KEY REFERENCES blob (sha256),
    url                TEXT,               -- NULL: the office had the file before it began anew; it is asked first
    sent               INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Why a file does not travel: not_at_office | tablet_lost | damaged_here; NULL: nothing is known against it.
ALTER TABLE blob ADD COLUMN missing TEXT;

-- What people call a file, and since when a ledger speaks of it (RFC 3339 UTC).
ALTER TABLE blob_reference ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE blob_reference ADD COLUMN since TEXT NOT NULL DEFAULT '';
