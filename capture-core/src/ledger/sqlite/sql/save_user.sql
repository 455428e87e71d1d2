INSERT INTO users (id, enabled, credits, held, renders, render_credits, max_sessions, proxy)
VALUES (:id, :enabled, :credits, :held, :renders, :render_credits, :max_sessions, :proxy)
ON CONFLICT (id) DO UPDATE
SET enabled = excluded.enabled,
    credits = excluded.credits,
    held = excluded.held,
    renders = excluded.renders,
    render_credits = excluded.render_credits,
    max_sessions = excluded.max_sessions,
    proxy = excluded.proxy
