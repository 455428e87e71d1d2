-- Removes the claim of a refused create, unless a later request with the key has claimed it again.
-- ARGV: prefix, user, key, id of the request
local kept = redis.call('HGET', claims_key(ARGV[2]), ARGV[3])
if kept and string.match(kept, '%S+$') == ARGV[4] then unclaim(ARGV[2], ARGV[3]) end
return {'ok'}
