-- What is known of a session, and how long ago its owner gave proof of life (-1: it is not there).
-- ARGV: prefix, session, data set whoever asks knows
local found = record(ARGV[2])
if not found[1] then
  -- Lost with everything else, and perhaps about to be brought back: that is not the same as unknown.
  local is_settling = redis.call('EXISTS', SETTLING) == 1 or (ARGV[3] ~= '' and redis.call('GET', DATASET) ~= ARGV[3])
  return is_settling and {'settling'} or {}
end
local seen = redis.call('ZSCORE', INSTANCES, found[3])
found[#found + 1] = seen and (now() - tonumber(seen)) or -1
return found
