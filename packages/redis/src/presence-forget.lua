-- presence-forget: last seen times that Postgres has now, unless they moved meanwhile.
--
-- KEYS  1 last seen
-- ARGV  user id and Unix ms of each
-- Returns how many were removed

local seen_key = KEYS[1]
local removed = 0
for n = 1, #ARGV, 2 do
  if redis.call('HGET', seen_key, ARGV[n]) == ARGV[n + 1] then removed = removed + redis.call('HDEL', seen_key, ARGV[n]) end
end
return removed
