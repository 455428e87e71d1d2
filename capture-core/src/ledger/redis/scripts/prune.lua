-- Forgets finals that ended before this; what they cost stays charged. A bounded number at once; returns how many.
-- ARGV: prefix, before
local old = redis.call('ZRANGEBYSCORE', FINALS, '-inf', '(' .. ARGV[2], 'LIMIT', 0, 1000)
for _, sid in ipairs(old) do
  redis.call('DEL', session_key(sid))
  redis.call('ZREM', FINALS, sid)
end
return #old
