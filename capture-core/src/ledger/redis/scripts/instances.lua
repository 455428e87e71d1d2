-- Instances that have given proof of life within a lease.
-- ARGV: prefix, lease ms
return redis.call('ZRANGEBYSCORE', INSTANCES, now() - tonumber(ARGV[2]), '+inf')
