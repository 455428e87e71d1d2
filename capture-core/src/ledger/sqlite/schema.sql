-- The schema of the ledger, version 1. Times are milliseconds since the Unix epoch.

CREATE TABLE users (
    id           TEXT    PRIMARY KEY,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    credits      INTEGER CHECK (credits >= 0),          -- NULL is unlimited
    held         INTEGER NOT NULL CHECK (held >= 0),    -- the sum of the holds of sessions that are not final
    max_sessions INTEGER CHECK (max_sessions >= 0),     -- NULL is the operator's default
    proxy        TEXT,
    created_at   INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)) -- for people only
) STRICT;

CREATE TABLE secrets (
    user    TEXT    NOT NULL REFERENCES users (id),
    ordinal INTEGER NOT NULL,                           -- 0 is the primary one
    hash    BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (user, ordinal)
) STRICT, WITHOUT ROWID;

-- A user is read in one statement, which is one snapshot: one row for each secret.
CREATE VIEW accounts AS
SELECT users.id, enabled, credits, held, max_sessions, proxy, ordinal, hash
FROM users LEFT JOIN secrets ON secrets.user = users.id;

CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,
    user         TEXT    NOT NULL REFERENCES users (id),
    state        TEXT    NOT NULL CHECK (state IN ('reserved', 'active', 'final')),
    hold         INTEGER NOT NULL CHECK (hold >= 0),    -- once final: what was held
    options      TEXT    NOT NULL,                      -- JSON, as in the REST contract
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    expires_at   INTEGER,
    closed_at    INTEGER,
    close_reason TEXT,
    billed       INTEGER CHECK (billed >= 0),
    breakdown    TEXT    NOT NULL DEFAULT '{}',         -- JSON, as in the REST contract
    CHECK ((state = 'reserved') = (started_at IS NULL)),
    CHECK ((state = 'reserved') = (expires_at IS NULL)),
    CHECK ((state = 'final') = (closed_at IS NOT NULL)),
    CHECK ((state = 'final') = (close_reason IS NOT NULL)),
    CHECK ((state = 'final') = (billed IS NOT NULL))
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user, state);
CREATE INDEX sessions_by_state ON sessions (state, closed_at);

-- One row: the last heartbeat of the server that holds the ledger. Together with a session's start it bounds what is
-- charged when that server dies, so sessions need no heartbeats of their own.
CREATE TABLE meta (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    last_beat INTEGER
) STRICT;

INSERT INTO meta (id, last_beat) VALUES (1, NULL);
