-- Releases a reservation unbilled. A session that has started is not changed, unless its owner reports that no client
-- ever got it because the answer to its activation was lost.
-- ARGV: prefix, session, whether no client got it ('1')
local it = fields(ARGV[2], 'state', 'user', 'owner', 'hold')
if it[1] == 'reserved' or (it[1] == 'active' and ARGV[3] == '1') then drop(ARGV[2], it[2], it[3], whole(it[4])) end
return {'ok'}
