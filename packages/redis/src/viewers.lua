-- viewers: a gateway's beat for a room. Writes its own count, drops gateways that fell silent, tells everybody
-- when the sum is another than the last one told. The highest sum stays with the room.
--
-- KEYS  1 viewers, 2 channel, 3 room
-- ARGV  1 gateway id, 2 its count (0: it leaves), 3 stale after (ms), 4 PUBLISH or SPUBLISH, 5 room name
-- Returns the sum

local viewers_key, channel, room_key = KEYS[1], KEYS[2], KEYS[3]
local gateway, count, stale_ms, publish, room = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local TOLD = '#told'

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

if count > 0 then redis.call('HSET', viewers_key, gateway, string.format('%d:%.0f', count, now_ms))
else redis.call('HDEL', viewers_key, gateway) end

local sum, told = 0, -1
local fields = redis.call('HGETALL', viewers_key)
for n = 1, #fields, 2 do
  if fields[n] == TOLD then
    told = tonumber(fields[n + 1])
  else
    local field_count, seen_ms = string.match(fields[n + 1], '^(%d+):(%d+)$')
    if not field_count or now_ms - tonumber(seen_ms) > stale_ms then redis.call('HDEL', viewers_key, fields[n])
    else sum = sum + tonumber(field_count) end
  end
end
if sum ~= told then
  -- A room that Redis does not know is not made here: it would have no policy.
  local known = redis.call('HMGET', room_key, 'upto', 'peak')
  if known[1] and sum > tonumber(known[2] or 0) then redis.call('HSET', room_key, 'peak', sum) end
  redis.call('HSET', viewers_key, TOLD, sum)
  redis.call(publish, channel, 'C ' .. room .. '\n{"type":"counts","viewers":' .. sum .. '}')
end
redis.call('PEXPIRE', viewers_key, 60000)
return sum
