-- accept: the one way into a room. Takes a group of submissions for one partition, decides each, and for the
-- accepted ones writes log, clock, room, history and dedupe and publishes, all or nothing.
-- First everything is read and checked; a room whose keys cannot be read is refused alone. The log entry is the first
-- write and the only one that may fail (out of memory, a foreign id); nothing can fail after it.
--
-- KEYS  1 clock, 2 log
--       then 9 a room: room, history, seen 0, seen 1, rate, likes, channel, members (of a conversation), shown
--       then the liked sets that submissions point at
-- ARGV  1 partition, 2 nonce of this attempt, 3 highest id of the partition that the caller has seen,
--       4 PUBLISH or SPUBLISH, 5 log cap (entries), 6 log cap (bytes), 7 dedupe cap (entries a hash),
--       8 number of rooms, 9 number of submissions
--       then 3 a room: name, messages a user and 60 s (0: no limit), messages shown a second (0: all of them)
--       then 11 a submission: room index, kind, event flags, force (1 or 0), staff (1: an agent or admin by their token),
--         user_id, client_id, a, b, c, d
--         an event: a, b, c are its JSON around two slots: the id goes between a and b, created_at between b and c
--           (no second slot where c is empty); d is the last message that the sender knows of ('': whatever it is)
--         a read mark (kind r): a is the id up to which the user has read
--         a like (kind l): a is the target (s, or a message id), b the index of its liked set in KEYS,
--           c the likes column of a message found in Postgres, else empty
-- Returns {epoch, stored, Redis time in Unix ms, then one text a submission}:
--         'a <id>' accepted, 'd <id>' duplicate (for likes: the count instead of the id, for read marks: the mark),
--         either with ' s' behind it where the message is not shown live,
--         'r <code> [<retry ms>]' refused ('r newer_messages <last id>').
--
-- A room's name begins with its kind: s a session (open by its window), c a conversation (open to its members), n its
-- notes (open to staff, who need be no members: a note shows nobody to the customer).
--
-- Sampling. A room may be told how many messages it shows a second. What is beyond it is accepted like everything else and
-- carries a flag: gateways leave it out of live frames. The room has a token bucket: `rate` tokens a second, two seconds'
-- worth at most (20 tokens where that is more), one a shown message; so in any t seconds at most rate * t + max(2 * rate, 20)
-- are shown. The upper half is anybody's: below the rate nothing is skipped. In the lower half the room is beyond its rate,
-- and who was shown lately yields: the emptier the bucket, the longer ago it must have been, up to 60 s. The bucket's level
-- so settles where as many senders are due as there are tokens, each as often as any other: max-min fairness, without
-- measuring a rate per sender. A loud sender's share is what quiet ones leave. With more than 60 * rate senders nobody is
-- shown twice in 60 s while the tokens run out. Bandwidth kept for some kinds of calls while a link is nearly full is the
-- telephone networks' trunk reservation (F. P. Kelly, "Loss Networks", 1991); the cube keeps the first steps small, so that
-- a short burst of quiet senders does not make others of them yield.
-- Its memory is two fields of the room, and who was shown in the last 60 s: at most rate * 60 + max(2 * rate, 20) members.
-- What is prompt (host, winner), no new message (edit, delete) or forced is shown whatever the bucket holds, and costs nothing.

local KEYS_PER_ROOM, ARGS_PER_ROOM, ARGS_PER_SUBMISSION = 9, 3, 11
local FIRST_ROOM_KEY, FIRST_ROOM_ARG = 3, 10
local ID_EPOCH_MS = 1735689600000
local WINDOW_MS = 60000
local SEEN_TURN_MS = 600000
local HISTORY_MS, HISTORY_EVENTS, HISTORY_BYTES = 300000, 500, 8388608
local ROOM_KEPT_MS = 86400000
local EVENT_PROMPT, EVENT_SKIPPED = 2, 4
-- A bucket counts thousandths of a token: `rate` of them come in a millisecond.
local TOKEN, BUCKET_MIN, SHOWN_MS = 1000, 20000, 60000

local clock_key, log_key = KEYS[1], KEYS[2]
local partition, nonce, caller_seen = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local publish = ARGV[4]
local log_max_entries, log_max_bytes, seen_max = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local room_count, submission_count = tonumber(ARGV[8]), tonumber(ARGV[9])
local first_submission_arg = FIRST_ROOM_ARG + room_count * ARGS_PER_ROOM

-- Ids lose digits under tostring and `..`: this is the only way they become text.
local function text(number)
  return string.format('%.0f', number)
end

-- Reads without failing: nil where the key has a wrong type (or Redis will not answer).
local function read(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then return nil end
  return reply
end

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Days to civil date: Howard Hinnant, "chrono-compatible low-level date algorithms" (civil_from_days).
local last_iso_ms, last_iso
local function iso(ms)
  if ms == last_iso_ms then return last_iso end
  local z = math.floor(ms / 86400000) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  local s = math.floor(ms / 1000) % 86400
  last_iso_ms = ms
  last_iso = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day,
    math.floor(s / 3600), math.floor(s / 60) % 60, s % 60, ms % 1000)
  return last_iso
end

-- ---- read and check -------------------------------------------------------------------------------------------------

local clock = read('HMGET', clock_key, 'last', 'stored', 'epoch', 'log_bytes')
local log_length = read('XLEN', log_key)
local replies = {}
local function answer_all(reply)
  local all = {clock and clock[3] or '', '0', text(now_ms)}
  for i = 1, submission_count do all[3 + i] = replies[i] or reply end
  return all
end
if not clock or not log_length then return answer_all('r unavailable') end

local last = math.max(tonumber(clock[1] or 0), caller_seen)
local stored = tonumber(clock[2] or 0)
local log_bytes = tonumber(clock[4] or 0)
local epoch = clock[3]
if not epoch then
  -- A new clock: the log may outlive it, and its ids only rise.
  epoch = text(now_ms) .. '-' .. string.sub(nonce, 1, 8)
  local info = read('XINFO', 'STREAM', log_key)
  if info then
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then last = math.max(last, tonumber(string.match(info[i + 1], '^%d+'))) end
    end
  end
end

-- The tokens as they are now. False where they cannot be read.
local function open_bucket(room)
  local fields = read('HMGET', room.key, 'bucket', 'bucket_at')
  room.shown_size = read('ZCARD', room.shown)
  if not fields or not room.shown_size then return false end
  room.bucket_size = math.max(BUCKET_MIN, 2 * TOKEN * room.shown_a_second)
  local level, at = tonumber(fields[1] or nil), tonumber(fields[2] or now_ms)
  room.bucket = math.min(room.bucket_size, (level or room.bucket_size) + math.max(0, now_ms - at) * room.shown_a_second)
  room.newly_shown = {}
  return true
end

local rooms = {}
for i = 1, room_count do
  local k = FIRST_ROOM_KEY + (i - 1) * KEYS_PER_ROOM
  local room = {
    name = ARGV[FIRST_ROOM_ARG + (i - 1) * ARGS_PER_ROOM],
    limit = tonumber(ARGV[FIRST_ROOM_ARG + (i - 1) * ARGS_PER_ROOM + 1]),
    key = KEYS[k], history = KEYS[k + 1], seen = {KEYS[k + 2], KEYS[k + 3]},
    rate = KEYS[k + 4], likes = KEYS[k + 5], channel = KEYS[k + 6], members = KEYS[k + 7], shown = KEYS[k + 8],
    shown_a_second = tonumber(ARGV[FIRST_ROOM_ARG + (i - 1) * ARGS_PER_ROOM + 2]),
    events = {}, fresh = {}, times = {}, liked = {}, like_lines = {}, liked_targets = {},
    standing = {}, reads = {}, read_lines = {},
  }
  room.kind = string.sub(room.name, 1, 1)
  local fields = read('HMGET', room.key, 'upto', 'state', 'opens', 'closes', 'seen_turn', 'seen_since', 'seen_upto',
    'history_events', 'history_bytes', 'history_oldest', 'last_message', 'bot')
  -- Members bring their version along: without it they are not there, and the room is as good as unknown.
  local members = room.kind == 's' or read('HGET', room.members, 'v')
  room.history_length = read('XLEN', room.history)
  room.seen_sizes = {read('HLEN', room.seen[1]), read('HLEN', room.seen[2])}
  room.rate_size = read('HLEN', room.rate)
  room.likes_size = read('HLEN', room.likes)
  if not (fields and members ~= nil and room.history_length and room.seen_sizes[1] and room.seen_sizes[2] and room.rate_size and room.likes_size) then
    room.refusal = 'r unavailable'
  elseif not fields[1] or not members then
    room.refusal = 'r room_unknown'
  else
    room.upto = tonumber(fields[1])
    room.state, room.opens, room.closes = fields[2], tonumber(fields[3] or 0), tonumber(fields[4] or nil)
    room.turn = tonumber(fields[5] or 0) + 1
    room.seen_since, room.seen_upto = tonumber(fields[6] or now_ms), tonumber(fields[7] or 0)
    room.history_events, room.history_bytes = tonumber(fields[8] or 0), tonumber(fields[9] or 0)
    room.history_oldest = tonumber(fields[10] or 0)
    room.last_message, room.is_bot_on = tonumber(fields[11] or 0), fields[12] == '1'
    -- The older hash goes when the newer is 10 minutes old and Postgres has everything the older speaks of.
    room.swap = now_ms - room.seen_since > SEEN_TURN_MS and stored >= room.seen_upto
    room.seen_left = seen_max - (room.swap and 0 or room.seen_sizes[room.turn])
    room.open = (room.state == 'scheduled' or room.state == 'open')
      and now_ms >= room.opens and (not room.closes or now_ms < room.closes)
    last = math.max(last, room.upto)
    if room.shown_a_second > 0 and not open_bucket(room) then room.refusal = 'r unavailable' end
  end
  rooms[i] = room
end

local log_full = log_length >= log_max_entries or log_bytes >= log_max_bytes

-- The user's accepted times in this room, oldest first, this group's included.
local function times_of(room, user)
  local times = room.times[user]
  if not times then
    times = {}
    local packed = redis.call('HGET', room.rate, user)
    if packed then
      for at = 1, #packed, 6 do times[#times + 1] = struct.unpack('>I6', packed, at) end
    end
    room.times[user] = times
  end
  return times
end

-- What a user is in a conversation: {role, upto (read so far)}; false for who is no participant.
local function standing_of(room, user)
  local standing = room.standing[user]
  if standing == nil then
    local role, upto = string.match(redis.call('HGET', room.members, user) or '', '^(%a+) (%d+)$')
    standing = role and {role = role, upto = tonumber(upto)} or false
    room.standing[user] = standing
  end
  return standing
end

local function next_id()
  local t = math.max((now_ms - ID_EPOCH_MS) * 64, math.floor(last / 64) + 1)
  last = t * 64 + partition
  return last
end

-- Takes a token where the sender may have one: then the message is shown live.
local function takes_token(room, user)
  if room.bucket < TOKEN then return false end
  local missing = 1 - room.bucket / (room.bucket_size / 2)
  if missing > 0 then
    local shown_at = room.newly_shown[user] or tonumber(redis.call('ZSCORE', room.shown, user) or 0)
    if now_ms - shown_at < SHOWN_MS * missing * missing * missing then return false end
  end
  room.bucket = room.bucket - TOKEN
  room.newly_shown[user] = now_ms
  return true
end

local first_id

local function decide_event(room, kind, flags, force, staff, user, client, head, middle, tail, known_last)
  local key = user .. ':' .. client
  local is_rated = room.limit > 0 and not force
  if not force then
    local standing = room.kind == 'c' and standing_of(room, user)
    if room.kind == 'c' and not standing or room.kind == 'n' and not staff then return 'r not_found' end
    local known = room.fresh[key] or redis.call('HGET', room.seen[room.turn], key) or redis.call('HGET', room.seen[3 - room.turn], key)
    if known then return 'd ' .. known end
    if not room.open then return 'r chat_closed' end
    -- Mute, ban and slow mode are judged here, between the window and the rate.
    if standing and standing.role == 'bot' then
      if not room.is_bot_on then return 'r bot_off' end
      is_rated = false
    end
    if known_last ~= '' and room.last_message > tonumber(known_last) then return 'r newer_messages ' .. text(room.last_message) end
    if is_rated then
      local times = times_of(room, user)
      local oldest = times[#times - room.limit + 1]
      if oldest and oldest > now_ms - WINDOW_MS then
        return 'r rate_limited ' .. text(oldest + WINDOW_MS - now_ms)
      end
    end
    if log_full or room.seen_left <= 0 then return 'r busy' end
  end
  local id = next_id()
  local id_text = text(id)
  first_id = first_id or id
  local body = head .. id_text .. middle
  if tail ~= '' then body = body .. iso(ID_EPOCH_MS + math.floor(id / 4096)) .. tail end
  local mark = ''
  if room.shown_a_second > 0 and kind == 'm' and not force and flags % (2 * EVENT_PROMPT) < EVENT_PROMPT and not takes_token(room, user) then
    flags, mark = flags + EVENT_SKIPPED, ' s'
  end
  room.events[#room.events + 1] = {id_text .. ' ' .. kind .. ' ' .. flags .. ' ' .. #body .. ' ' .. user .. ' ' .. client .. '\n', body}
  room.last_event = id
  if kind == 'm' then room.last_message = id end
  room.fresh[key] = id_text .. mark
  room.seen_left = room.seen_left - 1
  if is_rated then
    local times = times_of(room, user)
    times[#times + 1] = now_ms
    room.rated = room.rated or {}
    room.rated[user] = times
  end
  return 'a ' .. id_text .. mark
end

-- The stored and pending likes of a target: {stored, pending, known}.
local function likes_of(room, target)
  local likes = room.liked_targets[target]
  if not likes then
    local fields = redis.call('HMGET', room.likes, target .. ':stored', target .. ':pending')
    likes = {stored = tonumber(fields[1] or 0), pending = tonumber(fields[2] or 0), known = fields[1] or fields[2], added = 0}
    room.liked_targets[target] = likes
  end
  return likes
end

local function is_in_history(room, target)
  local entry = redis.call('XRANGE', room.history, target, '+', 'COUNT', 1)[1]
  if not entry then return false end
  return string.find(entry[2][2], '\n' .. target .. ' m ', 1, true) ~= nil
end

local function decide_like(room, user, target, liked_key, verified_likes)
  local likes = likes_of(room, target)
  local member = read('SISMEMBER', liked_key, user)
  if not member then return 'r unavailable' end
  room.liked[liked_key] = room.liked[liked_key] or {}
  if member == 1 or room.liked[liked_key][user] then return 'd ' .. text(likes.stored + likes.pending + likes.added) end
  if not room.open then return 'r chat_closed' end
  if log_full then return 'r busy' end
  if target ~= 's' and not likes.known then
    if verified_likes ~= '' then
      likes.stored = tonumber(verified_likes)
    elseif not is_in_history(room, target) then
      return 'r not_found'
    end
    likes.known = true
  end
  local id = next_id()
  first_id = first_id or id
  room.liked[liked_key][user] = true
  likes.added = likes.added + 1
  room.like_lines[#room.like_lines + 1] = text(id) .. ' ' .. target .. ' ' .. user .. '\n'
  return 'a ' .. text(likes.stored + likes.pending + likes.added)
end

local function decide_read(room, user, upto)
  local standing = room.kind == 'c' and standing_of(room, user)
  if not standing then return 'r not_found' end
  if upto > math.max(room.upto, room.last_event or 0) then return 'r bad_id' end
  if upto <= standing.upto then return 'd ' .. text(standing.upto) end
  if log_full then return 'r busy' end
  local id = next_id()
  first_id = first_id or id
  standing.upto = upto
  room.reads[user] = standing
  room.read_lines[#room.read_lines + 1] = text(id) .. ' ' .. user .. ' ' .. text(upto) .. '\n'
  return 'a ' .. text(upto)
end

for i = 1, submission_count do
  local at = first_submission_arg + (i - 1) * ARGS_PER_SUBMISSION
  local room = rooms[tonumber(ARGV[at])]
  if room.refusal then
    replies[i] = room.refusal
  elseif ARGV[at + 1] == 'r' then
    replies[i] = decide_read(room, ARGV[at + 5], tonumber(ARGV[at + 7]))
  elseif ARGV[at + 1] == 'l' then
    replies[i] = decide_like(room, ARGV[at + 5], ARGV[at + 7], KEYS[tonumber(ARGV[at + 8])], ARGV[at + 9])
  else
    replies[i] = decide_event(room, ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3] == '1', ARGV[at + 4] == '1',
      ARGV[at + 5], ARGV[at + 6], ARGV[at + 7], ARGV[at + 8], ARGV[at + 9], ARGV[at + 10])
  end
end

-- ---- write: the log entry first -------------------------------------------------------------------------------------

if first_id then
  local entry = {'nonce', nonce}
  local entry_bytes = 0
  for _, room in ipairs(rooms) do
    if #room.events > 0 then
      local lines, bodies = {}, {}
      for n, event in ipairs(room.events) do lines[n], bodies[n] = event[1], event[2] end
      room.publication = 'E ' .. room.name .. ' ' .. text(room.upto) .. ' ' .. text(room.last_event) .. ' 0 ' .. #lines .. '\n'
        .. table.concat(lines) .. table.concat(bodies, ',')
      entry[#entry + 1], entry[#entry + 2] = 'pub', room.publication
      entry_bytes = entry_bytes + #room.publication
    end
    if #room.like_lines > 0 then
      local record = room.name .. '\n' .. table.concat(room.like_lines)
      entry[#entry + 1], entry[#entry + 2] = 'likes', record
      entry_bytes = entry_bytes + #record
    end
    if #room.read_lines > 0 then
      local record = room.name .. '\n' .. table.concat(room.read_lines)
      entry[#entry + 1], entry[#entry + 2] = 'reads', record
      entry_bytes = entry_bytes + #record
    end
  end
  local added = redis.pcall('XADD', log_key, text(first_id) .. '-0', unpack(entry))
  if type(added) == 'table' and added.err then
    local code = string.find(added.err, 'OOM', 1, true) and 'r busy' or 'r unavailable'
    for i = 1, submission_count do
      if string.sub(replies[i], 1, 1) == 'a' then replies[i] = code end
    end
    return answer_all(code)
  end

  redis.call('HSET', clock_key, 'last', text(last), 'epoch', epoch, 'log_bytes', text(log_bytes + entry_bytes))
end

-- ---- write: the rest. A key made here gets the room's end as its expiry. --------------------------------------------

local function keep(room, key)
  if room.closes then redis.call('PEXPIREAT', key, text(room.closes + ROOM_KEPT_MS)) end
end

-- A conversation has no end: its keys stay while Postgres lacks anything of it, and settle.lua gives them an hour then.
local function hold(room)
  if room.kind == 's' then return end
  for _, key in ipairs({room.key, room.history, room.seen[1], room.seen[2], room.rate, room.members}) do
    redis.call('PERSIST', key)
  end
end

-- Drops from the front what is beyond the bounds and stored; at most 16 entries a call, so that the cost is spread.
local function trim_history(room)
  local function is_over()
    if room.history_oldest == 0 or room.history_oldest > stored then return false end
    if room.history_bytes > HISTORY_BYTES then return true end
    return room.history_events > HISTORY_EVENTS and ID_EPOCH_MS + math.floor(room.history_oldest / 4096) < now_ms - HISTORY_MS
  end
  if not is_over() then return end
  local entries = redis.call('XRANGE', room.history, '-', '+', 'COUNT', 17)
  for n = 1, math.min(16, #entries - 1) do
    local bytes, events = entries[n][2][2], tonumber(entries[n][2][4])
    if not is_over() then break end
    if room.history_bytes <= HISTORY_BYTES and room.history_events - events < HISTORY_EVENTS then break end
    redis.call('XDEL', room.history, entries[n][1])
    room.history_events = room.history_events - events
    room.history_bytes = room.history_bytes - #bytes
    room.history_oldest = tonumber(string.match(entries[n + 1][1], '^%d+'))
  end
end

local function write_bucket(room)
  redis.call('HSET', room.key, 'bucket', text(room.bucket), 'bucket_at', text(now_ms))
  local shown = {}
  for user, at in pairs(room.newly_shown) do shown[#shown + 1], shown[#shown + 2] = text(at), user end
  if #shown == 0 then return end
  -- In this order, so that it never becomes empty: its expiry would go with it.
  redis.call('ZADD', room.shown, unpack(shown))
  redis.call('ZREMRANGEBYSCORE', room.shown, '-inf', text(now_ms - SHOWN_MS))
  if room.shown_size == 0 then keep(room, room.shown) end
end

local function write_events(room)
  local upto = text(room.last_event)
  redis.call('XADD', room.history, upto .. '-0', 'p', room.publication, 'n', #room.events)
  if room.history_length == 0 then
    keep(room, room.history)
    room.history_oldest, room.history_events, room.history_bytes = room.last_event, 0, 0
  end
  room.history_events = room.history_events + #room.events
  room.history_bytes = room.history_bytes + #room.publication
  trim_history(room)

  if room.swap then
    redis.call('UNLINK', room.seen[3 - room.turn])
    room.turn, room.seen_since, room.seen_upto = 3 - room.turn, now_ms, room.upto
    room.seen_sizes[room.turn] = 0
  end
  local pairs_to_set = {}
  for key, id in pairs(room.fresh) do pairs_to_set[#pairs_to_set + 1], pairs_to_set[#pairs_to_set + 2] = key, id end
  redis.call('HSET', room.seen[room.turn], unpack(pairs_to_set))
  if room.seen_sizes[room.turn] == 0 then keep(room, room.seen[room.turn]) end

  redis.call('HSET', room.key, 'upto', upto, 'seen_turn', room.turn - 1, 'seen_since', text(room.seen_since),
    'seen_upto', text(room.seen_upto), 'history_events', room.history_events, 'history_bytes', text(room.history_bytes),
    'history_oldest', text(room.history_oldest), 'last_message', text(room.last_message))

  if room.rated then
    for user, times in pairs(room.rated) do
      local packed = {}
      for n = math.max(1, #times - room.limit + 1), #times do packed[#packed + 1] = struct.pack('>I6', times[n]) end
      redis.call('HSET', room.rate, user, table.concat(packed))
    end
    if room.rate_size == 0 then keep(room, room.rate) end
  end
  if room.newly_shown then write_bucket(room) end
end

local function write_likes(room)
  for target, likes in pairs(room.liked_targets) do
    if likes.added > 0 then
      redis.call('HSET', room.likes, target .. ':stored', text(likes.stored), target .. ':pending', text(likes.pending + likes.added))
    end
  end
  if room.likes_size == 0 then keep(room, room.likes) end
  for key, users in pairs(room.liked) do
    for user in pairs(users) do redis.call('SADD', key, user) end
    keep(room, key)
  end
end

local function write_reads(room)
  for user, standing in pairs(room.reads) do
    redis.call('HSET', room.members, user, standing.role .. ' ' .. text(standing.upto))
  end
end

local function counts_of(room)
  local parts, messages = {'{"type":"counts"'}, {}
  for target, likes in pairs(room.liked_targets) do
    if likes.added > 0 then
      local count = text(likes.stored + likes.pending + likes.added)
      if target == 's' then parts[#parts + 1] = ',"total_likes":' .. count
      else messages[#messages + 1] = '"' .. target .. '":' .. count end
    end
  end
  if #messages > 0 then parts[#parts + 1] = ',"likes":{' .. table.concat(messages, ',') .. '}' end
  return table.concat(parts) .. '}'
end

for _, room in ipairs(rooms) do
  if #room.events > 0 then write_events(room) end
  if #room.like_lines > 0 then write_likes(room) end
  if #room.read_lines > 0 then write_reads(room) end
  if #room.events > 0 or #room.read_lines > 0 then hold(room) end
end
for _, room in ipairs(rooms) do
  if room.publication then redis.call(publish, room.channel, room.publication) end
  if #room.like_lines > 0 then redis.call(publish, room.channel, 'C ' .. room.name .. '\n' .. counts_of(room)) end
  for user, standing in pairs(room.reads) do
    redis.call(publish, room.channel, 'C ' .. room.name .. '\n{"type":"read","user_id":' .. user .. ',"upto":' .. text(standing.upto) .. '}')
  end
end

-- A new epoch exists only once it is written.
local all = {(first_id and epoch) or clock[3] or '', text(stored), text(now_ms)}
for i = 1, submission_count do all[3 + i] = replies[i] end
return all
