-- Writes the final view of a session and charges it. A session that is already final is not changed.
-- ARGV: prefix, session, reason, started, ended, billed, final view, data set its owner knows
local sid = ARGV[2]
local it = fields(sid, 'state', 'user', 'owner', 'hold', 'purpose')
if it[1] == 'final' then return record(sid) end
if not it[1] then return {may_be_missed(ARGV[8]) and 'settling' or 'unknown'} end
if it[5] == 'render' then return {'render'} end
charge(sid, it[2], it[3], whole(it[4]), ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]))
redis.call('HSET', session_key(sid), 'final', ARGV[7])
return record(sid)
