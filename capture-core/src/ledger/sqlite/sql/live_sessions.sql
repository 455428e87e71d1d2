-- expires_at is NULL for reservations, which MIN ignores.
SELECT COUNT(*) AS count, MIN(expires_at) AS first_expires_at
FROM sessions
WHERE user = ?1 AND purpose = ?2 AND state IN ('reserved', 'active')
