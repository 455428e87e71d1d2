-- The sessions and reservations of an instance, each followed by its state.
-- ARGV: prefix, instance
local reply = {}
for _, sid in ipairs(redis.call('SMEMBERS', owned_key(ARGV[2]))) do
  reply[#reply + 1] = sid
  reply[#reply + 1] = fields(sid, 'state')[1] or ''
end
return reply
