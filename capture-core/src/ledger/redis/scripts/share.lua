-- A value shared by all instances: the first one offered.
-- ARGV: prefix, name, value
redis.call('SET', P .. ':' .. ARGV[2], ARGV[3], 'NX')
return redis.call('GET', P .. ':' .. ARGV[2])
