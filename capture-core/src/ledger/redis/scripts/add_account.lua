-- Adds a user.
-- ARGV: prefix, user, then names and values
if redis.call('EXISTS', user_key(ARGV[2])) == 1 then return {'exists'} end
redis.call('SADD', USERS, ARGV[2])
redis.call('HSET', user_key(ARGV[2]), unpack(ARGV, 3))
return {'ok'}
