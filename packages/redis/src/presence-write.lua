-- presence-write: what changed among a gateway's users, or its whole list; tells the other gateways.
--
-- KEYS  1 gateways, 2 users of this gateway, 3 last seen
-- ARGV  1 gateway id, 2 version that the change follows ('': this begins the list anew), 3 channel, 4 PUBLISH or SPUBLISH,
--       then user id and state (online, away, offline) of each
-- Returns the list's new version; '0' where Redis has another list than the gateway thinks: it must send the whole one
--
-- Versions rise also after Redis lost its memory: they are at least the time. User ids stay text.

local gateways_key, users_key, seen_key = KEYS[1], KEYS[2], KEYS[3]
local gateway, follows, channel, publish = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local FIRST = 5

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local now = string.format('%.0f', now_ms)

local beat_ms, known = string.match(redis.call('HGET', gateways_key, gateway) or '', '^(%d+):(%d+)$')
if follows ~= '' and follows ~= known then return '0' end
local version = string.format('%.0f', math.max(tonumber(known or 0) + 1, now_ms))

if follows == '' then
  -- Whoever an earlier process left behind was there at its last beat; who is there now is written below.
  if beat_ms then
    for _, user in ipairs(redis.call('HKEYS', users_key)) do redis.call('HSET', seen_key, user, beat_ms) end
  end
  redis.call('DEL', users_key)
end

local told = {}
for n = FIRST, #ARGV, 2 do
  local user, state = ARGV[n], ARGV[n + 1]
  if state == 'offline' then
    redis.call('HDEL', users_key, user)
    redis.call('HSET', seen_key, user, now)
  else
    redis.call('HSET', users_key, user, state)
  end
  told[#told + 1] = '"' .. user .. '":"' .. state .. '"'
end
redis.call('HSET', gateways_key, gateway, now .. ':' .. version)

-- A list that began anew is read by those who hear of it: it may be long.
local head = '{"gateway":' .. cjson.encode(gateway) .. ',"version":' .. version .. ',"at_ms":' .. now
if follows == '' then redis.call(publish, channel, head .. '}')
else redis.call(publish, channel, head .. ',"follows":' .. follows .. ',"users":{' .. table.concat(told, ',') .. '}}') end
return version
