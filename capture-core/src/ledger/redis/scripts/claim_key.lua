-- Adds the fingerprints of a key if it has all that are known. Returns those that were known before.
-- ARGV: prefix, then generations and fingerprints
local known, shown = redis.call('HGETALL', KEY), {}
for at = 2, #ARGV, 2 do shown[ARGV[at]] = ARGV[at + 1] end
for at = 1, #known, 2 do
  if shown[known[at]] ~= known[at + 1] then return known end
end
redis.call('HSET', KEY, unpack(ARGV, 2))
return known
