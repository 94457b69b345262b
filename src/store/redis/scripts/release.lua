-- Gives back a lane whose item was not started, for whoever asks next.
local r = cjson.decode(ARGV[1])
local L = r.lane
local S, W = read_lane(L)
local m = S.c and find(S, S.c)
if S.t ~= r.token or (m and (m.p == 's' or m.p == 'S')) then return 0 end
end_lease(S)
local ready, wait = pick(L, S, r.now)
write_lane(L, S, W, ready and r.now or wait)
return 1
