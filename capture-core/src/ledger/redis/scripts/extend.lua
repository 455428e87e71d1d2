-- Sets a new deadline and a new hold.
-- ARGV: prefix, session, expires, hold
local sid, hold = ARGV[2], tonumber(ARGV[4])
local it = fields(sid, 'state', 'user', 'hold', 'started')
if it[1] ~= 'active' then return {'inactive'} end
local more = hold - whole(it[3])
local account = redis.call('HMGET', user_key(it[2]), 'credits', 'held')
if account[1] and more > 0 then
  local available = math.max(0, tonumber(account[1]) - whole(account[2]))
  if available < more then return {'credits', more, available} end
end
redis.call('HSET', user_key(it[2]), 'held', math.max(0, whole(account[2]) + more))
redis.call('HSET', session_key(sid), 'expires', ARGV[3], 'hold', hold)
redis.call('ZADD', slots_key(it[2]), now() + (tonumber(ARGV[3]) - tonumber(it[4])) + SLOT_GRACE_MS, sid)
return {'ok'}
