-- room-state: everything a gateway or the api needs of a room, read at one instant.
--
-- KEYS  1 clock, 2 room, 3 history, 4 likes, 5 viewers, 6 members (of a conversation; absent for a session)
-- ARGV  1 history from: '' none, '-' all, 'stored' what is not in Postgres yet, else an id (publications that hold or end
--         with it, and later ones)
--       2 most publications, newest first counted; 0 for all
--       3 viewers stale after (ms)
-- Returns {epoch, stored, Redis time in Unix ms, room fields flat (empty: Redis does not know the room),
--       viewers, likes fields flat (of the session and of the messages returned), publications oldest first,
--       members fields flat}

local clock_key, room_key, history_key, likes_key, viewers_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local from, most, stale_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local clock = redis.call('HMGET', clock_key, 'epoch', 'stored')
if from == 'stored' then from = string.format('%.0f', tonumber(clock[2] or 0) + 1) end
local publications = {}
if from ~= '' then
  local entries
  if most > 0 then entries = redis.call('XREVRANGE', history_key, '+', from, 'COUNT', most)
  else entries = redis.call('XREVRANGE', history_key, '+', from) end
  for n = #entries, 1, -1 do publications[#publications + 1] = entries[n][2][2] end
end

local viewers = 0
local beats = redis.call('HGETALL', viewers_key)
for n = 1, #beats, 2 do
  local count, seen_ms = string.match(beats[n + 1], '^(%d+):(%d+)$')
  if count and now_ms - tonumber(seen_ms) <= stale_ms then viewers = viewers + tonumber(count) end
end

-- Likes of the session and of the messages in what is returned: those of the whole session may be hundreds of thousands.
local LIKES_A_CALL = 1000
local fields = {'s:stored', 's:pending'}
for _, publication in ipairs(publications) do
  local line_end = string.find(publication, '\n', 1, true)
  for _ = 1, tonumber(string.match(publication, ' (%d+)\n')) do
    local id = string.match(publication, '^(%d+) m ', line_end + 1)
    if id then fields[#fields + 1], fields[#fields + 2] = id .. ':stored', id .. ':pending' end
    line_end = string.find(publication, '\n', line_end + 1, true)
  end
end
local likes = {}
for first = 1, #fields, LIKES_A_CALL do
  local last = math.min(first + LIKES_A_CALL - 1, #fields)
  local values = redis.call('HMGET', likes_key, unpack(fields, first, last))
  for n = first, last do
    local value = values[n - first + 1]
    if value then likes[#likes + 1], likes[#likes + 2] = fields[n], value end
  end
end

return {clock[1] or '', clock[2] or '0', string.format('%.0f', now_ms), redis.call('HGETALL', room_key), viewers,
  likes, publications, KEYS[6] and redis.call('HGETALL', KEYS[6]) or {}}
