-- Forgets all fingerprints of the server key.
-- ARGV: prefix
return redis.call('DEL', KEY)
