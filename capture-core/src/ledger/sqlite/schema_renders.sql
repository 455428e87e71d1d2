-- Version 2: renders. A render is a reservation that is charged and removed without ever being an active session.

ALTER TABLE sessions ADD COLUMN purpose TEXT NOT NULL DEFAULT 'session' CHECK (purpose IN ('session', 'render'));

ALTER TABLE users ADD COLUMN renders INTEGER NOT NULL DEFAULT 0 CHECK (renders >= 0);
ALTER TABLE users ADD COLUMN render_credits INTEGER NOT NULL DEFAULT 0 CHECK (render_credits >= 0);

DROP VIEW accounts;
CREATE VIEW accounts AS
SELECT users.id, enabled, credits, held, renders, render_credits, max_sessions, proxy, ordinal, hash
FROM users LEFT JOIN secrets ON secrets.user = users.id;
