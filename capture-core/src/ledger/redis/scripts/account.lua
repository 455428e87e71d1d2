-- The account of a user as names and values.
-- ARGV: prefix, user
return redis.call('HGETALL', user_key(ARGV[2]))
