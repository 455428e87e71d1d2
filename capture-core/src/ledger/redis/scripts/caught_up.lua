-- An instance has told a new server what it missed.
-- ARGV: prefix, instance
redis.call('SREM', CATCHING_UP, ARGV[2])
return {}
