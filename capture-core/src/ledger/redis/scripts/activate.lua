-- Makes a reservation an active session, unless its slot was freed meanwhile.
-- ARGV: prefix, session, started, expires, usage
local sid, started, expires = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local it = fields(sid, 'state', 'user', 'purpose')
if not it[1] then return {'unknown'} end
if it[1] == 'active' then return {'ok'} end
if it[1] == 'final' then return {'final'} end
if it[3] == 'render' then return {'render'} end
redis.call('HSET', session_key(sid), 'state', 'active', 'started', ARGV[3], 'expires', ARGV[4], 'usage', ARGV[5])
redis.call('ZADD', slots_key(it[2]), now() + (expires - started) + SLOT_GRACE_MS, sid)
return {'ok'}
