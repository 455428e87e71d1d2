-- Shared by all scripts: the names of keys, the clock, and the steps by which a session leaves the ledger.
--
-- ARGV[1] is the prefix of all keys. A script is one atomic step. It uses Redis's clock, so that instances whose clocks
-- differ decide alike. The times of a session (created, started, expires, ended) come from its owner's wall clock and
-- are only compared with each other.

local P = ARGV[1]

local function user_key(user) return P .. ':user:' .. user end
local function session_key(sid) return P .. ':session:' .. sid end
local function slots_key(user) return P .. ':slots:' .. user end
local function renders_key(user) return P .. ':renders:' .. user end
local function owned_key(instance) return P .. ':owned:' .. instance end
local function instance_key(instance) return P .. ':instance:' .. instance end
local function tickets_key(user) return P .. ':tickets:' .. user end
-- The claims of a user's create keys, and the time until which each is kept.
local function claims_key(user) return P .. ':claims:' .. user end
local function claim_order_key(user) return P .. ':claim_order:' .. user end
local INSTANCES, DATASET, SETTLING = P .. ':instances', P .. ':dataset', P .. ':settling'
local LIVES = P .. ':lives'
local KEY = P .. ':server_key'
local SERVER, CATCHING_UP = P .. ':server', P .. ':catching_up'
local USERS, FINALS, BILLING = P .. ':users', P .. ':finals', P .. ':billing'

-- How long the slot of an active session outlives its deadline, in case no instance is left to settle the session.
local SLOT_GRACE_MS = 60000

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Identifies the Redis process. It changes after a restart and when a replica takes over.
local function server()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
end

-- Whether data may be missing that owners restore with their next heartbeats: either all data was lost, or a server
-- took over without the latest changes. `known` is the data set that the caller knows.
local function may_be_missed(known)
  if redis.call('EXISTS', SETTLING, CATCHING_UP) > 0 then return true end
  return known ~= '' and redis.call('GET', DATASET) ~= known or (redis.call('GET', SERVER) or '') ~= server()
end

local function fields(sid, ...)
  return redis.call('HMGET', session_key(sid), ...)
end

-- The record of a session, in the order in which Rust reads it.
local function record(sid)
  return fields(sid, 'state', 'user', 'owner', 'options', 'created', 'started', 'expires', 'usage', 'ended', 'reason', 'final')
end

local function whole(text)
  return tonumber(text or '0') or 0
end

-- Releases credits that a session held.
local function unhold(user, hold)
  local key = user_key(user)
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'held', math.max(0, whole(redis.call('HGET', key, 'held')) - hold))
  end
end

-- Removes the claim of a create key.
local function unclaim(user, key)
  redis.call('HDEL', claims_key(user), key)
  redis.call('ZREM', claim_order_key(user), key)
end

-- The places that a user's reservations for this purpose take, with the time at which each is free again in any case.
local function places_key(user, purpose)
  return purpose == 'render' and renders_key(user) or slots_key(user)
end

-- Removes a session or a render from its user's places and its owner's set.
local function leave(sid, user, owner)
  redis.call('ZREM', renders_key(user), sid)
  redis.call('ZREM', slots_key(user), sid)
  redis.call('SREM', owned_key(owner), sid)
end

-- Removes a reservation that was never activated; it is not billed.
local function drop(sid, user, owner, hold)
  unhold(user, hold)
  leave(sid, user, owner)
  redis.call('DEL', session_key(sid))
end

-- Takes credits from a user.
local function pay(user, credits)
  local key = user_key(user)
  local before = redis.call('HGET', key, 'credits')
  if before then redis.call('HSET', key, 'credits', math.max(0, tonumber(before) - credits)) end
end

-- Charges a session exactly once and releases its hold.
local function charge(sid, user, owner, hold, reason, started, ended, billed)
  unhold(user, hold)
  pay(user, billed)
  leave(sid, user, owner)
  redis.call('HSET', session_key(sid), 'state', 'final', 'user', user, 'owner', owner, 'reason', reason, 'ended', ended, 'billed', billed)
  redis.call('ZADD', FINALS, ended, sid)
  redis.call('XADD', BILLING, 'MAXLEN', '~', '1000000', '*', 'session', sid, 'user', user, 'reason', reason,
    'started', started, 'ended', ended, 'credits', billed)
end
