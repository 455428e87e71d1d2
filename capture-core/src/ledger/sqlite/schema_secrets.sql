-- Secrets that are derived from the server key, and the fingerprints of that key.

-- A derived secret has both; one that was made before, or was chosen, has neither and is known by its hash only.
ALTER TABLE secrets ADD COLUMN secret_id BLOB CHECK (length(secret_id) = 16);
ALTER TABLE secrets ADD COLUMN generation INTEGER
    CHECK (generation BETWEEN 1 AND 4294967295)
    CHECK ((generation IS NULL) = (secret_id IS NULL));

DROP VIEW accounts;
CREATE VIEW accounts AS
SELECT users.*, ordinal, hash, secret_id, generation
FROM users LEFT JOIN secrets ON secrets.user = users.id;

CREATE TABLE key_fingerprints (
    generation INTEGER PRIMARY KEY CHECK (generation BETWEEN 1 AND 4294967295),
    mac        BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;
