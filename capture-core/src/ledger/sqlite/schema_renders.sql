-- Version 3: renders. A render is a reservation that is charged and removed without ever being an active session.

ALTER TABLE sessions ADD COLUMN purpose TEXT NOT NULL DEFAULT 'session' CHECK (purpose IN ('session', 'render'));

-- The view of accounts has every column of users.
ALTER TABLE users ADD COLUMN renders INTEGER NOT NULL DEFAULT 0 CHECK (renders >= 0);
ALTER TABLE users ADD COLUMN render_credits INTEGER NOT NULL DEFAULT 0 CHECK (render_credits >= 0);
