-- All accounts: for each the user id, then names and values.
-- ARGV: prefix
local reply = {}
for _, user in ipairs(redis.call('SMEMBERS', USERS)) do
  reply[#reply + 1] = {user, redis.call('HGETALL', user_key(user))}
end
return reply
