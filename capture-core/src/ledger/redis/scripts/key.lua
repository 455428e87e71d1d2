-- The fingerprints of the server key: generations and fingerprints.
-- ARGV: prefix
return redis.call('HGETALL', KEY)
