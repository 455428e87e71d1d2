-- Claims the key of a create and returns the instance that answers it: the first that claimed it, as long as it lives.
-- An instance without room passes the claim on. A user with too many keys loses their oldest ones.
-- ARGV: prefix, user, key, instance, ms to keep the claim, instance that passes it on ('' for a new claim), id of the
-- request, maximum number of keys of a user
local user, key, keep, by = ARGV[2], ARGV[3], tonumber(ARGV[5]), ARGV[7]
local kept = redis.call('HGET', claims_key(user), key)
local holder = kept and string.match(kept, '^%S+')
-- An expired claim counts as absent.
local good_until = tonumber(redis.call('ZSCORE', claim_order_key(user), key) or '0')
if not holder or good_until <= now() or holder == ARGV[6] or not redis.call('ZSCORE', INSTANCES, holder) then holder = ARGV[4] end
-- The latest request is recorded, so that an earlier one that is refused does not remove its claim.
redis.call('HSET', claims_key(user), key, holder .. ' ' .. by)
redis.call('ZADD', claim_order_key(user), now() + keep, key)
-- More claims are removed than added, so that a user above the maximum returns below it.
local old = redis.call('ZRANGEBYSCORE', claim_order_key(user), '-inf', now(), 'LIMIT', 0, 10)
if redis.call('ZCARD', claim_order_key(user)) > tonumber(ARGV[8]) then
  old = redis.call('ZRANGEBYSCORE', claim_order_key(user), '-inf', '+inf', 'LIMIT', 0, 2)
end
for _, gone in ipairs(old) do unclaim(user, gone) end
redis.call('PEXPIRE', claims_key(user), keep)
redis.call('PEXPIRE', claim_order_key(user), keep)
return holder
