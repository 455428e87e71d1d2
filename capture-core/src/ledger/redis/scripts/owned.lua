-- Sessions and reservations an instance has.
-- ARGV: prefix, instance
return redis.call('SMEMBERS', owned_key(ARGV[2]))
