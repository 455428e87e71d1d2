-- The records of a user's active sessions, each preceded by its id.
-- ARGV: prefix, user
local reply = {}
for _, sid in ipairs(redis.call('ZRANGE', slots_key(ARGV[2]), 0, -1)) do
  local found = record(sid)
  if found[1] == 'active' then
    table.insert(found, 1, sid)
    reply[#reply + 1] = found
  end
end
return reply
