-- The address at which other instances reach an instance.
-- ARGV: prefix, instance
return redis.call('HGET', instance_key(ARGV[2]), 'address')
