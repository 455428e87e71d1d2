-- Gives a reservation back unbilled; a session that has started is left alone.
-- ARGV: prefix, session
local it = fields(ARGV[2], 'state', 'user', 'owner', 'hold')
if it[1] == 'reserved' then drop(ARGV[2], it[2], it[3], whole(it[4])) end
return {'ok'}
