-- policy: changes a room's policy where Redis knows the room and its version is lower; tells the gateways.
--
-- KEYS  1 room, 2 channel, then every key of the room that expires with it
-- ARGV  1 version, 2 state, 3 opens, 4 closes, 5 draw, 6 kept until (Unix ms), 7 PUBLISH or SPUBLISH, 8 room name,
--       9 winners ('7 42')
-- Returns 'applied', 'moved' (applied, and the room's end is another), 'older' (Redis has this version or a later one)
--         or 'unknown' (the room is not in Redis)

local room_key, channel = KEYS[1], KEYS[2]
local version, state, opens, closes, draw, kept_until = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local publish, room_name, winners = ARGV[7], ARGV[8], ARGV[9]

local known = redis.call('HMGET', room_key, 'version', 'closes')
if not known[1] then return 'unknown' end
if tonumber(known[1]) >= version then return 'older' end
redis.call('HSET', room_key, 'version', ARGV[1], 'state', state, 'opens', opens, 'closes', closes, 'draw', draw,
  'winners', winners)
redis.call('PEXPIREAT', room_key, kept_until)
for n = 3, #KEYS do redis.call('PEXPIREAT', KEYS[n], kept_until) end
redis.call(publish, channel, 'C ' .. room_name .. '\n{"type":"policy"}')
return known[2] == closes and 'applied' or 'moved'
