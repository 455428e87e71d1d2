-- Keeps a value for a while, unless there is one.
-- ARGV: prefix, name, value, ms
local done = redis.call('SET', P .. ':' .. ARGV[2], ARGV[3], 'PX', ARGV[4], 'NX')
return done and 1 or 0
