-- How other instances reach one.
-- ARGV: prefix, instance
return redis.call('HGET', instance_key(ARGV[2]), 'address')
