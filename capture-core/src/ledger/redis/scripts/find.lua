-- The record of a session, and the time since its owner's last heartbeat (-1: the owner is not alive).
-- ARGV: prefix, session, data set the caller knows
local found = record(ARGV[2])
-- A reserved session has not been returned to any client and counts as absent, unless data may be missing.
if (not found[1] or found[1] == 'reserved') and may_be_missed(ARGV[3]) then return {'settling'} end
if not found[1] then return {} end
local seen = redis.call('ZSCORE', INSTANCES, found[3])
found[#found + 1] = seen and (now() - tonumber(seen)) or -1
return found
