-- Removes final views of sessions that ended before this time; what they cost stays charged. Removes a bounded number
-- and returns how many.
-- ARGV: prefix, before
local old = redis.call('ZRANGEBYSCORE', FINALS, '-inf', '(' .. ARGV[2], 'LIMIT', 0, 1000)
for _, sid in ipairs(old) do
  redis.call('DEL', session_key(sid))
  redis.call('ZREM', FINALS, sid)
end
return #old
