SELECT sessions.id
FROM sessions JOIN users ON users.id = sessions.user
WHERE sessions.state = 'active' AND NOT users.enabled
ORDER BY sessions.id
