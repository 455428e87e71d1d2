-- Settles the sessions of instances without a heartbeat for one lease, at their last heartbeat. Only an instance whose
-- own heartbeats have succeeded for a whole lease may run it, since after an outage every instance's heartbeat is old.
-- ARGV: prefix, instance that runs it, lease ms
local lost = {}
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', INSTANCES, '-inf', now() - tonumber(ARGV[3]))) do
  if dead ~= ARGV[2] then
    local heartbeat = whole(redis.call('HGET', instance_key(dead), 'beat'))
    for _, sid in ipairs(redis.call('SMEMBERS', owned_key(dead))) do
      local it = fields(sid, 'state', 'user', 'hold', 'started', 'expires')
      if it[1] == 'reserved' then
        drop(sid, it[2], dead, whole(it[3]))
      elseif it[1] == 'active' then
        local started, expires = tonumber(it[4]), tonumber(it[5])
        local ended = math.min(math.max(heartbeat, started), math.max(expires, started))
        local billed = math.max(1, math.ceil((ended - started) / 60000))
        charge(sid, it[2], dead, whole(it[3]), 'instance_lost', started, ended, billed)
        lost[#lost + 1] = sid
      end
    end
    redis.call('ZREM', INSTANCES, dead)
    redis.call('DEL', instance_key(dead), owned_key(dead))
  end
end
return lost
