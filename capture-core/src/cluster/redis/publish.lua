-- Publishes a message to the subscribers of this server and returns how many got it.
-- ARGV: channel, message
-- The message is not replicated: subscribers of a replica would get it without being counted, and a count of zero is
-- the proof that a request was not delivered.
redis.set_repl(redis.REPL_NONE)
return redis.call('PUBLISH', ARGV[1], ARGV[2])
