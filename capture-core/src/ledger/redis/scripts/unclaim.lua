-- A create was refused: nothing is left of its key, unless somebody has asked for it again meanwhile.
-- ARGV: prefix, user, key, who asked
local kept = redis.call('HGET', claims_key(ARGV[2]), ARGV[3])
if kept and string.match(kept, '%S+$') == ARGV[4] then unclaim(ARGV[2], ARGV[3]) end
return {'ok'}
