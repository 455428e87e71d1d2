-- Records a heartbeat of an instance, with the counters of its sessions that changed.
-- ARGV: prefix, instance, its wall clock (0: it has just started, which is no heartbeat for sessions), data set it
-- knows ('' at first), name for a new data set, lease ms, address at which other instances reach it, then pairs of
-- session and usage
local me, known, lease = ARGV[2], ARGV[4], tonumber(ARGV[6])
local dataset = redis.call('GET', DATASET)
if not dataset then
  dataset = ARGV[5]
  redis.call('SET', DATASET, dataset)
end
if known ~= '' and known ~= dataset then
  -- All data was lost. Owners restore their sessions with their next heartbeats; until then sessions cannot be counted.
  redis.call('SET', SETTLING, me, 'PX', lease)
end
-- Redis is another server than before. All known instances must restore what it misses; living ones do so within a
-- lease.
local before, this = redis.call('GET', SERVER), server()
if before ~= this then
  redis.call('SET', SERVER, this)
  redis.call('DEL', CATCHING_UP)
  local instances = before and redis.call('ZRANGE', INSTANCES, 0, -1) or {}
  for _, instance in ipairs(instances) do redis.call('SADD', CATCHING_UP, instance) end
  redis.call('PEXPIRE', CATCHING_UP, lease)
end
-- An instance that was declared dead gets a new life number. It compares the number with the one it knows, and so
-- learns that it was declared dead even if the first answer with the number was lost.
if not redis.call('ZSCORE', INSTANCES, me) then
  redis.call('HSET', instance_key(me), 'life', redis.call('INCR', LIVES))
end

local time = now()
redis.call('ZADD', INSTANCES, time, me)
if ARGV[3] ~= '0' then redis.call('HSET', instance_key(me), 'beat', ARGV[3]) end
redis.call('HSET', instance_key(me), 'address', ARGV[7])
for at = 8, #ARGV, 2 do
  if fields(ARGV[at], 'state')[1] == 'active' then redis.call('HSET', session_key(ARGV[at]), 'usage', ARGV[at + 1]) end
end
local active, owned = 0, redis.call('SMEMBERS', owned_key(me))
local reply = {dataset, redis.call('HGET', instance_key(me), 'life'), time, redis.call('SISMEMBER', CATCHING_UP, me), active, #owned}
for _, sid in ipairs(owned) do
  local it = fields(sid, 'state', 'user', 'hold', 'purpose')
  if it[1] == 'active' then
    active = active + 1
    if redis.call('HGET', user_key(it[2]), 'enabled') == '0' then reply[#reply + 1] = sid end
  elseif it[1] == 'reserved' and whole(redis.call('ZSCORE', places_key(it[2], it[4]), sid)) < time then
    drop(sid, it[2], me, whole(it[3])) -- it is older than any launch or render takes: the request to release it was lost
  end
end
reply[5] = active
return reply
