-- members: who is in a conversation, and whether the bot may answer in it, as committed to Postgres under a version.
-- Does nothing where Redis has this version or a later one. Read marks never move back. Tells the gateways.
--
-- KEYS  1 members, 2 the conversation's room, 3 its notes' room, 4 the conversation's channel, 5 its notes' channel
-- ARGV  1 version, 2 bot ('1' or '0'), 3 PUBLISH or SPUBLISH, 4 the conversation's room name, 5 its notes' room name,
--       then pairs: user, 'role read_upto'
-- Returns 'applied', 'older', or 'unknown' (the conversation is not in Redis: it comes back with what is committed)

local members_key = KEYS[1]
local version, bot, publish = ARGV[1], ARGV[2], ARGV[3]
local FIRST_MEMBER = 6

local known = redis.call('HGETALL', members_key)
local known_version, marks = nil, {}
for n = 1, #known, 2 do
  if known[n] == 'v' then known_version = tonumber(known[n + 1])
  else marks[known[n]] = tonumber(string.match(known[n + 1], '%d+$')) end
end
if not known_version then return 'unknown' end
if known_version >= tonumber(version) then return 'older' end

redis.call('HSET', members_key, 'v', version)
for n = FIRST_MEMBER, #ARGV, 2 do
  local user = ARGV[n]
  local role, upto = string.match(ARGV[n + 1], '^(%a+) (%d+)$')
  redis.call('HSET', members_key, user, role .. ' ' .. string.format('%.0f', math.max(tonumber(upto), marks[user] or 0)))
  marks[user] = nil
end
for user in pairs(marks) do redis.call('HDEL', members_key, user) end

for n = 0, 1 do
  local room_key, channel, name = KEYS[2 + n], KEYS[4 + n], ARGV[4 + n]
  if redis.call('HEXISTS', room_key, 'upto') == 1 then
    redis.call('HSET', room_key, 'version', version, 'bot', bot)
    redis.call(publish, channel, 'C ' .. name .. '\n{"type":"policy"}')
  end
end
return 'applied'
