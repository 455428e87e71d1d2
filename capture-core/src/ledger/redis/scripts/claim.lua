-- Which instance answers a create of this key: the first that asked, as long as it lives. Whoever has no room passes it on.
-- A user who has too many keys loses his own oldest.
-- ARGV: prefix, user, key, instance, ms to keep it, from whom it is passed on ('' to ask), who asks, most keys of a user
local user, key, keep, by = ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[7]
local kept = redis.call('HGET', claims_key(user), key)
local holder = kept and string.match(kept, '^%S+')
-- One that was kept too long is gone like one that is not known.
local good_until = tonumber(redis.call('ZSCORE', claim_order_key(user), key) or '0')
if not holder or good_until <= now() or holder == ARGV[6] or not redis.call('ZSCORE', INSTANCES, holder) then holder = ARGV[4] end
-- Whoever asked last is noted, so that an earlier one that is refused does not take the claim away from under it.
redis.call('HSET', claims_key(user), key, holder .. ' ' .. by)
redis.call('ZADD', claim_order_key(user), now() + keep, key)
-- More go than come, so that they become fewer than too many.
local old = redis.call('ZRANGEBYSCORE', claim_order_key(user), '-inf', now(), 'LIMIT', 0, 10)
if redis.call('ZCARD', claim_order_key(user)) > tonumber(ARGV[8]) then
  old = redis.call('ZRANGEBYSCORE', claim_order_key(user), '-inf', '+inf', 'LIMIT', 0, 2)
end
for _, gone in ipairs(old) do unclaim(user, gone) end
redis.call('PEXPIRE', claims_key(user), keep)
redis.call('PEXPIRE', claim_order_key(user), keep)
return holder
