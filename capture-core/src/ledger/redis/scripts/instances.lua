-- The instances that sent a heartbeat within a lease.
-- ARGV: prefix, lease ms
return redis.call('ZRANGEBYSCORE', INSTANCES, now() - tonumber(ARGV[2]), '+inf')
