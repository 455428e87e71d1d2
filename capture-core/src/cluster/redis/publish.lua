-- Hands a message to whoever listens at this very server, and says how many did.
-- ARGV: channel, message
-- Not to the replicas: whoever listens there would get it although it was counted for nobody, and "nobody took it" is our proof
-- that something was not done.
redis.set_repl(redis.REPL_NONE)
return redis.call('PUBLISH', ARGV[1], ARGV[2])
