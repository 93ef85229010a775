-- presence-remove: a gateway and its users are gone; each was last seen now, or at its last beat where it fell silent.
--
-- KEYS  1 gateways, 2 users of this gateway, 3 last seen
-- ARGV  1 gateway id, 2 silent for this long (ms; 0: it leaves by itself), 3 channel, 4 PUBLISH or SPUBLISH
-- Returns how many users it had, -1 where it is there or was never

local gateways_key, users_key, seen_key = KEYS[1], KEYS[2], KEYS[3]
local gateway, silent_ms, channel, publish = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local beat_ms = tonumber(string.match(redis.call('HGET', gateways_key, gateway) or '', '^(%d+):') or -1)
if beat_ms == -1 or now_ms - beat_ms < silent_ms then return -1 end
local seen_ms = silent_ms > 0 and beat_ms or now_ms

local users = redis.call('HKEYS', users_key)
for _, user in ipairs(users) do
  if tonumber(redis.call('HGET', seen_key, user) or 0) < seen_ms then
    redis.call('HSET', seen_key, user, string.format('%.0f', seen_ms))
  end
end
redis.call('DEL', users_key)
redis.call('HDEL', gateways_key, gateway)
redis.call(publish, channel,
  '{"gateway":' .. cjson.encode(gateway) .. ',"version":0,"at_ms":' .. string.format('%.0f', seen_ms) .. '}')
return #users
