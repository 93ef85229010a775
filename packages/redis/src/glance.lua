-- glance: what a status shows of a room, and a mark that moves with everything that is accepted.
--
-- KEYS  1 clock, 2 room, 3 likes, 4 viewers
-- ARGV  1 viewers stale after (ms)
-- Returns {Redis time in Unix ms, epoch, last id of the partition, room fields (state, opens, closes, draw, version; the
--       state is false where Redis does not know the room), session's likes stored and pending (false: none), viewers}

local clock_key, room_key, likes_key, viewers_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local stale_ms = tonumber(ARGV[1])

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local viewers = 0
local beats = redis.call('HGETALL', viewers_key)
for n = 1, #beats, 2 do
  local count, seen_ms = string.match(beats[n + 1], '^(%d+):(%d+)$')
  if count and now_ms - tonumber(seen_ms) <= stale_ms then viewers = viewers + tonumber(count) end
end

local clock = redis.call('HMGET', clock_key, 'epoch', 'last')
return {string.format('%.0f', now_ms), clock[1] or '', clock[2] or '0',
  redis.call('HMGET', room_key, 'state', 'opens', 'closes', 'draw', 'version'),
  redis.call('HMGET', likes_key, 's:stored', 's:pending'), viewers}
