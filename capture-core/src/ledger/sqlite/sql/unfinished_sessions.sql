SELECT id, user, purpose, state, hold, options, created_at, started_at, expires_at, closed_at, close_reason, billed, breakdown
FROM sessions
WHERE state IN ('reserved', 'active')
ORDER BY created_at, id
