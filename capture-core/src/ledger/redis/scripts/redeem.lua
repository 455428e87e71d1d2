-- Removes a ticket and returns its value.
-- ARGV: prefix, name
local kept = redis.call('GETDEL', P .. ':' .. ARGV[2])
if not kept then return false end
local user, value = string.match(kept, '^(%S+) (.*)$')
redis.call('ZREM', tickets_key(user), ARGV[2])
return value
