-- Which instance answers a create of this key: the first that asked, as long as it lives. Whoever has no room passes it on.
-- ARGV: prefix, user, key, instance, ms to keep it, from whom it is passed on ('' to ask)
local key = P .. ':create:' .. ARGV[2] .. ':' .. ARGV[3]
local holder = redis.call('GET', key)
if holder and holder ~= ARGV[6] and redis.call('ZSCORE', INSTANCES, holder) then return holder end
redis.call('SET', key, ARGV[4], 'PX', ARGV[5])
return ARGV[4]
