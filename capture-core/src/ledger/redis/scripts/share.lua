-- A value all instances share: the first one offered.
-- ARGV: prefix, name, value
redis.call('SET', P .. ':' .. ARGV[2], ARGV[3], 'NX')
return redis.call('GET', P .. ':' .. ARGV[2])
