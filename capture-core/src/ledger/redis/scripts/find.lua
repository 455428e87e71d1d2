-- What is known of a session, and how long ago its owner gave proof of life (-1: it is not there).
-- ARGV: prefix, session
local found = record(ARGV[2])
if not found[1] then return {} end
local seen = redis.call('ZSCORE', INSTANCES, found[3])
found[#found + 1] = seen and (now() - tonumber(seen)) or -1
return found
