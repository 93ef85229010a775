-- settle: removes from a partition's log what has been committed to Postgres, and tells the rooms.
-- An entry goes only if its nonce is the one that was read: after a failover the same stream id can be another entry.
-- What the removed entries held leaves `pending` in the same step in which the committed column comes into `stored`,
-- so that no like is ever counted twice or not at all. Safe to run twice.
--
-- KEYS  1 clock, 2 log
--       then 8 a room: room, likes, channel, history, seen 0, seen 1, rate, members
-- ARGV  1 PUBLISH or SPUBLISH, 2 number of entries, 3 number of rooms
--       then 2 an entry: stream id, nonce
--       then a room: name, number of rejected, number of targets,
--         the `rejected` publications (bytes), and 2 a target: target, its column as committed
-- Returns {stored, entries left, then per entry '1' removed, '0' not there, '2' there under another nonce}

local KEYS_PER_ROOM = 8
-- A conversation in which nothing happens leaves Redis after this; with listeners, gateways renew it.
local IDLE_MS = 3600000
local clock_key, log_key = KEYS[1], KEYS[2]
local publish, entry_count, room_count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- Ids lose digits under tostring and `..`: this is the only way they become text.
local function text(number)
  return string.format('%.0f', number)
end

local rooms, room_by_name = {}, {}
local at = 4 + entry_count * 2
for i = 1, room_count do
  local k = 3 + (i - 1) * KEYS_PER_ROOM
  local room = {name = ARGV[at], key = KEYS[k], likes = KEYS[k + 1], channel = KEYS[k + 2], first_key = k, rejected = {}, columns = {}, removed = {}}
  local rejected_count, target_count = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  at = at + 3
  for n = 1, rejected_count do room.rejected[n] = ARGV[at + n - 1] end
  at = at + rejected_count
  for n = 0, target_count - 1 do room.columns[ARGV[at + 2 * n]] = tonumber(ARGV[at + 2 * n + 1]) end
  at = at + 2 * target_count
  rooms[i], room_by_name[room.name] = room, room
end

-- ---- read: what each entry held -------------------------------------------------------------------------------------

-- `<room>\n`, then `<id> <target> <user_id>\n` for each like.
local function count_likes(record)
  local room = room_by_name[string.match(record, '^[^\n]*')]
  if not room then return end
  for target in string.gmatch(record, '\n%d+ (%w+) ') do room.removed[target] = (room.removed[target] or 0) + 1 end
end

local statuses, removable, removed_bytes = {}, {}, 0
for i = 1, entry_count do
  local id, nonce = ARGV[2 + i * 2], ARGV[3 + i * 2]
  local entry = redis.call('XRANGE', log_key, id, id)[1]
  if not entry then
    statuses[i] = '0'
  elseif entry[2][1] ~= 'nonce' or entry[2][2] ~= nonce then
    statuses[i] = '2'
  else
    statuses[i] = '1'
    removable[#removable + 1] = id
    for f = 3, #entry[2], 2 do
      removed_bytes = removed_bytes + #entry[2][f + 1]
      if entry[2][f] == 'likes' then count_likes(entry[2][f + 1]) end
    end
  end
end

-- ---- write: entries, watermark, likes -------------------------------------------------------------------------------

for _, id in ipairs(removable) do redis.call('XDEL', log_key, id) end
local left = redis.call('XLEN', log_key)

-- A clock that is gone is not made here: it would have no epoch.
local clock = redis.call('HMGET', clock_key, 'last', 'stored', 'log_bytes')
local stored = tonumber(clock[2] or 0)
if clock[1] then
  local oldest = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)[1]
  local reached = oldest and tonumber(string.match(oldest[1], '^%d+')) - 1 or tonumber(clock[1])
  stored = math.max(stored, reached)
  -- Nothing left holds nothing: a sum that has drifted mends itself.
  local log_bytes = left == 0 and 0 or math.max(0, tonumber(clock[3] or 0) - removed_bytes)
  redis.call('HSET', clock_key, 'stored', text(stored), 'log_bytes', text(log_bytes))
end

-- Returns the new count. A target is touched where an entry held likes of it or its column was read.
local function settle_target(room, target)
  local fields = redis.call('HMGET', room.likes, target .. ':stored', target .. ':pending')
  local column = math.max(tonumber(fields[1] or 0), room.columns[target] or 0)
  local pending = math.max(0, tonumber(fields[2] or 0) - (room.removed[target] or 0))
  redis.call('HSET', room.likes, target .. ':stored', text(column), target .. ':pending', text(pending))
  return text(column + pending)
end

local function settle_likes(room)
  local touched, total, messages = {}, nil, {}
  for target in pairs(room.columns) do touched[target] = true end
  for target in pairs(room.removed) do touched[target] = true end
  if not next(touched) or redis.call('EXISTS', room.likes) == 0 then return end
  for target in pairs(touched) do
    local count = settle_target(room, target)
    if target == 's' then total = count else messages[#messages + 1] = '"' .. target .. '":' .. count end
  end
  room.counts = '{"type":"counts"' .. (total and ',"total_likes":' .. total or '')
    .. (#messages > 0 and ',"likes":{' .. table.concat(messages, ',') .. '}' or '') .. '}'
end

for _, room in ipairs(rooms) do settle_likes(room) end

-- Only where Postgres has all of it: what would come back of it is what is stored.
local function let_go(room)
  for k = room.first_key, room.first_key + KEYS_PER_ROOM - 1 do redis.call('PEXPIRE', KEYS[k], IDLE_MS) end
end

-- ---- publish: a sender hears of `rejected` before the `stored` that covers it ---------------------------------------

for _, room in ipairs(rooms) do
  local control = 'C ' .. room.name .. '\n'
  for _, rejected in ipairs(room.rejected) do redis.call(publish, room.channel, rejected) end
  if room.counts then redis.call(publish, room.channel, control .. room.counts) end
  local fields = redis.call('HMGET', room.key, 'upto', 'closes')
  local upto = tonumber(fields[1] or nil)
  if upto then
    if not fields[2] and upto <= stored then let_go(room) end
    redis.call(publish, room.channel, control .. '{"type":"stored","upto":' .. text(math.min(upto, stored)) .. '}')
  end
end

local reply = {text(stored), left}
for i = 1, entry_count do reply[2 + i] = statuses[i] end
return reply
