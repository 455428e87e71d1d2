-- Charges the reservation of a render and removes it. Answers 'charged' if an earlier call did, and 'gone' if the
-- reservation was released.
-- ARGV: prefix, session, credits
local CHARGED = P .. ':charged:' .. ARGV[2]
local CHARGED_KNOWN_S = 30 -- longer than an instance repeats a charge whose answer was lost
local sid, credits = ARGV[2], tonumber(ARGV[3])
local it = fields(sid, 'state', 'purpose', 'user', 'owner', 'hold', 'created')
if it[1] ~= 'reserved' or it[2] ~= 'render' then
  return {redis.call('EXISTS', CHARGED) == 1 and 'charged' or 'gone'}
end
local user = it[3]
drop(sid, user, it[4], whole(it[5]))
pay(user, credits)
local before = redis.call('HMGET', user_key(user), 'renders', 'render_credits')
redis.call('HSET', user_key(user), 'renders', whole(before[1]) + 1, 'render_credits', whole(before[2]) + credits)
redis.call('XADD', BILLING, 'MAXLEN', '~', '1000000', '*', 'session', sid, 'user', user, 'reason', 'render',
  'started', it[6], 'ended', now(), 'credits', credits)
redis.call('SET', CHARGED, '1', 'PX', CHARGED_KNOWN_S * 1000)
return {'ok'}
