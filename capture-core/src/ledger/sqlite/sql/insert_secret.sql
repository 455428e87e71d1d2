INSERT INTO secrets (user, ordinal, hash, secret_id, generation)
VALUES (?1, ?2, ?3, ?4, ?5)
