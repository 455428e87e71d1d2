-- Takes a value away.
-- ARGV: prefix, name
return redis.call('GETDEL', P .. ':' .. ARGV[2])
