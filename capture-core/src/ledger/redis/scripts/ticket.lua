-- Stores a ticket for a limited time, unless its user has too many unused ones.
-- ARGV: prefix, name, user, value, ms, maximum number for one user
local waiting = tickets_key(ARGV[3])
redis.call('ZREMRANGEBYSCORE', waiting, '-inf', now())
if redis.call('ZCARD', waiting) >= tonumber(ARGV[6]) and not redis.call('ZSCORE', waiting, ARGV[2]) then return 0 end
redis.call('SET', P .. ':' .. ARGV[2], ARGV[3] .. ' ' .. ARGV[4], 'PX', ARGV[5])
redis.call('ZADD', waiting, now() + tonumber(ARGV[5]), ARGV[2])
redis.call('PEXPIRE', waiting, ARGV[5])
return 1
