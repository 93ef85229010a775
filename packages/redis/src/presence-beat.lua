-- presence-beat: a gateway says that it is there, and hears which others are.
--
-- KEYS  1 gateways
-- ARGV  1 gateway id, 2 version of its list
-- Returns {Redis time in Unix ms, gateways flat (id, 'seen_ms:version')}. Where Redis has another version of the list,
--       or none, nothing is written: the gateway sees that and sends the whole list.

local gateways_key = KEYS[1]
local gateway, version = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

local known = string.match(redis.call('HGET', gateways_key, gateway) or '', ':(%d+)$')
if known == version then redis.call('HSET', gateways_key, gateway, now .. ':' .. version) end
return {now, redis.call('HGETALL', gateways_key)}
