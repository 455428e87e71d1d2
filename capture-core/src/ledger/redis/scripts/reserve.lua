-- Checks the account and its limit of sessions or renders, and holds the credits.
-- ARGV: prefix, user, session, owner, hold, default limit, options, created, data set and life that the owner knows,
-- purpose, ms after which the reservation is given up
local user, sid, owner, hold = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local purpose = ARGV[11]
local places = places_key(user, purpose)
local known = fields(sid, 'user', 'state')
if known[2] then
  if known[1] == user and known[2] == 'reserved' then return {'ok'} end
  return {'taken'}
end
-- An instance that was declared dead must learn of it first, and sessions and credits cannot be counted while data is
-- missing.
if redis.call('HGET', instance_key(owner), 'life') ~= ARGV[10] or may_be_missed(ARGV[9]) then return {'settling'} end
local account = redis.call('HMGET', user_key(user), 'enabled', 'credits', 'held', 'max_sessions')
if not account[1] then return {'unknown'} end
if account[1] ~= '1' then return {'disabled'} end

local time = now()
for _, stale in ipairs(redis.call('ZRANGEBYSCORE', places, '-inf', time)) do
  local it = fields(stale, 'state', 'owner', 'hold')
  if it[1] == 'reserved' then drop(stale, user, it[2], whole(it[3])) end
  redis.call('ZREM', places, stale)
end

local slots = redis.call('ZRANGE', places, 0, -1)
local most = whole(purpose == 'session' and account[4] or ARGV[6])
if #slots >= most then
  local first = ''
  for _, other in ipairs(slots) do
    local it = fields(other, 'state', 'expires')
    if it[1] == 'active' and (first == '' or tonumber(it[2]) < tonumber(first)) then first = it[2] end
  end
  return {'limit', #slots, most, first}
end
local held = whole(redis.call('HGET', user_key(user), 'held'))
if account[2] then
  local available = math.max(0, tonumber(account[2]) - held)
  if available < hold then return {'credits', available} end
end
redis.call('HSET', user_key(user), 'held', held + hold)
redis.call('HSET', session_key(sid), 'user', user, 'owner', owner, 'state', 'reserved', 'hold', hold, 'options', ARGV[7],
  'created', ARGV[8], 'purpose', purpose)
redis.call('ZADD', places, time + tonumber(ARGV[12]), sid)
redis.call('SADD', owned_key(owner), sid)
return {'ok'}
