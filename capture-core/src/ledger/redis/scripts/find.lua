-- What is known of a session, and how long ago its owner gave proof of life (-1: it is not there).
-- ARGV: prefix, session, data set whoever asks knows
local found = record(ARGV[2])
-- Who has only reserved a session has told nobody of it, unless the rest is missed.
if (not found[1] or found[1] == 'reserved') and may_be_missed(ARGV[3]) then return {'settling'} end
if not found[1] then return {} end
local seen = redis.call('ZSCORE', INSTANCES, found[3])
found[#found + 1] = seen and (now() - tonumber(seen)) or -1
return found
