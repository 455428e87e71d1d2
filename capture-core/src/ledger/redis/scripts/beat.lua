-- One proof of life of an instance, with the counters of its sessions that changed.
-- ARGV: prefix, instance, its wall clock (0: it has just come, and proves nothing for sessions), data set it knows ('' at first), name for a new data set, lease ms, whether it has beaten
-- before ('1'), address other instances reach it at, then pairs of session and usage
local me, known, lease = ARGV[2], ARGV[4], tonumber(ARGV[6])
local dataset = redis.call('GET', DATASET)
if not dataset then
  dataset = ARGV[5]
  redis.call('SET', DATASET, dataset)
end
if known ~= '' and known ~= dataset then
  -- Everything was lost. Owners bring back what they hold with their next beats; until then nobody can count sessions.
  redis.call('SET', SETTLING, me, 'PX', lease)
end
local fenced = 0
if ARGV[7] == '1' and known == dataset and not redis.call('ZSCORE', INSTANCES, me) then fenced = 1 end

local time = now()
redis.call('ZADD', INSTANCES, time, me)
if ARGV[3] ~= '0' then redis.call('HSET', instance_key(me), 'beat', ARGV[3]) end
redis.call('HSET', instance_key(me), 'address', ARGV[8])
for at = 9, #ARGV, 2 do
  if fields(ARGV[at], 'state')[1] == 'active' then redis.call('HSET', session_key(ARGV[at]), 'usage', ARGV[at + 1]) end
end
local reply = {dataset, fenced, time}
for _, sid in ipairs(redis.call('SMEMBERS', owned_key(me))) do
  local it = fields(sid, 'state', 'user')
  if it[1] == 'active' and redis.call('HGET', user_key(it[2]), 'enabled') == '0' then reply[#reply + 1] = sid end
end
return reply
