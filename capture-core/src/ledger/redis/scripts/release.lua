-- Gives a reservation back unbilled. A session that has started is left alone, unless its owner says that nobody ever had it: the
-- answer to its activation was lost.
-- ARGV: prefix, session, whether nobody had it ('1')
local it = fields(ARGV[2], 'state', 'user', 'owner', 'hold')
if it[1] == 'reserved' or (it[1] == 'active' and ARGV[3] == '1') then drop(ARGV[2], it[2], it[3], whole(it[4])) end
return {'ok'}
