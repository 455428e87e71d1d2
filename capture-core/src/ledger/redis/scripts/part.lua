-- Removes an instance without sessions from the cluster.
-- ARGV: prefix, instance
if redis.call('SCARD', owned_key(ARGV[2])) > 0 then return {'busy'} end
redis.call('ZREM', INSTANCES, ARGV[2])
redis.call('DEL', instance_key(ARGV[2]))
return {'ok'}
