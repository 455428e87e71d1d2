-- Records that an instance has restored to a new server what it missed.
-- ARGV: prefix, instance
redis.call('SREM', CATCHING_UP, ARGV[2])
return {}
