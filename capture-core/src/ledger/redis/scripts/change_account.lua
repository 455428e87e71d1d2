-- Changes an account and returns the result as names and values.
-- ARGV: prefix, user, what, value, the most credits an account can have, what derives an added secret ('' for nothing)
local key, what, value = user_key(ARGV[2]), ARGV[3], ARGV[4]
if redis.call('EXISTS', key) == 0 then return {'unknown'} end

local function set_or_clear(field)
  if value == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, value) end
end

-- Secrets are in the order in which they were added: hexadecimal, each followed by a comma.
local function secrets() return redis.call('HGET', key, 'secrets') or '' end
-- What derives some of them: the secret, a colon and the derivation, each followed by a comma.
local function derived() return redis.call('HGET', key, 'derived') or '' end

if what == 'enabled' then
  redis.call('HSET', key, 'enabled', value)
elseif what == 'add_credits' then
  local credits = redis.call('HGET', key, 'credits')
  if credits then redis.call('HSET', key, 'credits', math.min(tonumber(credits) + tonumber(value), tonumber(ARGV[5]))) end
elseif what == 'credits' or what == 'proxy' or what == 'max_sessions' then
  set_or_clear(what)
elseif what == 'add_secret' then
  if not string.find(secrets(), value .. ',', 1, true) then
    redis.call('HSET', key, 'secrets', secrets() .. value .. ',')
    if ARGV[6] ~= '' then redis.call('HSET', key, 'derived', derived() .. value .. ':' .. ARGV[6] .. ',') end
  end
elseif what == 'revoke_secret' then
  local at, to = string.find(secrets(), value .. ',', 1, true)
  if not at then return {'unknown_secret'} end
  redis.call('HSET', key, 'secrets', string.sub(secrets(), 1, at - 1) .. string.sub(secrets(), to + 1))
  local gone = string.match(derived(), value .. ':[^,]*,')
  if gone then
    local from, upto = string.find(derived(), gone, 1, true)
    redis.call('HSET', key, 'derived', string.sub(derived(), 1, from - 1) .. string.sub(derived(), upto + 1))
  end
end
return redis.call('HGETALL', key)
