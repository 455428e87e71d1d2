-- Restores a live session after the data set or its latest changes were lost, together with its account as last read.
-- Existing data stays; if only the reservation exists, the session replaces it. With a limit (the default one; a limit
-- of the account takes precedence), a session above the limit is recorded without a place: the answer is 'over', also
-- when repeated.
-- ARGV: prefix, session, user, owner, hold, options, created, started, expires, usage, limit or '', then the account's
-- names and values
local sid, user, owner, hold = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local state = fields(sid, 'state')[1]
if state and state ~= 'reserved' then
  local has_place = ARGV[11] == '' or state ~= 'active' or redis.call('ZSCORE', slots_key(user), sid)
  return {has_place and state or 'over'}
end
if state then drop(sid, user, owner, whole(fields(sid, 'hold')[1])) end
if redis.call('EXISTS', user_key(user)) == 0 and #ARGV > 11 then
  redis.call('SADD', USERS, user)
  redis.call('HSET', user_key(user), unpack(ARGV, 12))
  redis.call('HSET', user_key(user), 'held', 0)
end
if redis.call('EXISTS', user_key(user)) == 1 then
  -- An instance of an earlier version restores an account without what derives its secrets.
  for at = 12, #ARGV, 2 do
    if ARGV[at] == 'derived' and not redis.call('HGET', user_key(user), 'derived') then
      redis.call('HSET', user_key(user), 'derived', ARGV[at + 1])
    end
  end
  redis.call('HSET', user_key(user), 'held', whole(redis.call('HGET', user_key(user), 'held')) + hold)
end
redis.call('HSET', session_key(sid), 'user', user, 'owner', owner, 'state', 'active', 'hold', hold, 'options', ARGV[6],
  'created', ARGV[7], 'started', ARGV[8], 'expires', ARGV[9], 'usage', ARGV[10])
redis.call('SADD', owned_key(owner), sid)
local most = ARGV[11] ~= '' and whole(redis.call('HGET', user_key(user), 'max_sessions') or ARGV[11])
if most and #redis.call('ZRANGE', slots_key(user), 0, -1) >= most then return {'over'} end
redis.call('ZADD', slots_key(user), now() + (tonumber(ARGV[9]) - tonumber(ARGV[8])) + SLOT_GRACE_MS, sid)
return {'ok'}
