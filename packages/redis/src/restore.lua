-- restore: brings a room back that Redis does not know, from what was read of Postgres and of the log.
-- Does nothing where the room is there, unless forced (rebuild): then history is made anew up to `upto`, what was
-- accepted after it stays behind it, and gateways are told to reset.
--
-- KEYS  1 clock, 2 log, 3 room, 4 history, 5 seen 0, 6 seen 1, 7 likes, 8 rate, 9 channel, 10 members (of a conversation)
-- ARGV  1 force (1 or 0), 2 epoch to use for a new clock, 3 first entry of the log as it was read ('' for none),
--       4 PUBLISH or SPUBLISH, 5 room name, 6 upto, 7 state, 8 opens, 9 closes, 10 draw, 11 policy version
--       (Unix ms; closes '' for a room without a window), 12 kept until (Unix ms; '' for a conversation: an hour),
--       13 numbers a, b, c, d as one text 'a b c d': entries of history, pairs of dedupe, pairs of likes, pairs of members,
--       14 winners ('7 42'), 15 bot ('1' or '0'), 16 id of the room's last message (0: none)
--       then a × (upto, publication, number of events), b × (user:client_id, id), c × (field, count),
--       d × (user, 'role read_upto')
-- Returns 'restored', 'present', or 'moved' where the log is no longer as it was read (read again)

local clock_key, log_key, room_key, history_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local seen_0, seen_1, likes_key, rate_key, channel = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local force, new_epoch, log_first = ARGV[1] == '1', ARGV[2], ARGV[3]
local publish, room_name, upto = ARGV[4], ARGV[5], tonumber(ARGV[6])
local state, opens, closes, draw, version, kept_until = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local entries, seen_pairs, likes_pairs, member_pairs = string.match(ARGV[13], '^(%d+) (%d+) (%d+) (%d+)$')
local winners, bot, last_message = ARGV[14], ARGV[15], ARGV[16]
local at = 17
local is_conversation = closes == ''
local IDLE_MS = 3600000

-- Members are shared by a conversation and its notes: the room that comes first brings them, and what is there stays.
local members_key = KEYS[10]
if is_conversation and not redis.call('HGET', members_key, 'v') then
  local first = #ARGV - 2 * tonumber(member_pairs) + 1
  redis.call('HSET', members_key, 'v', version)
  for n = first, #ARGV, 2 do redis.call('HSET', members_key, ARGV[n], ARGV[n + 1]) end
  redis.call('PEXPIRE', members_key, IDLE_MS)
end

local known_upto = redis.call('HGET', room_key, 'upto')
if known_upto and not force then return 'present' end
local oldest = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)[1]
if (oldest and oldest[1] or '') ~= log_first then return 'moved' end

local function text(number) return string.format('%.0f', number) end

local clock = redis.call('HMGET', clock_key, 'last', 'stored', 'epoch')
upto = math.max(upto, tonumber(known_upto or 0))
local last = math.max(tonumber(clock[1] or 0), upto)
redis.call('HSET', clock_key, 'last', text(last), 'epoch', clock[3] or new_epoch)
-- An empty log means that Postgres has everything there is.
if not oldest then redis.call('HSET', clock_key, 'stored', text(math.max(tonumber(clock[2] or 0), last)), 'log_bytes', '0') end

-- A rebuild keeps what came after it was read: those publications follow the rebuilt ones.
local tail = {}
if known_upto then
  tail = redis.call('XRANGE', history_key, '(' .. ARGV[6] .. '-0', '+')
  redis.call('DEL', history_key)
else
  redis.call('DEL', room_key, history_key, seen_0, seen_1, likes_key, rate_key)
end

local history_events, history_bytes, history_oldest = 0, 0, 0
local function add_history(id, publication, events)
  redis.call('XADD', history_key, id, 'p', publication, 'n', events)
  if history_oldest == 0 then history_oldest = tonumber(string.match(id, '^%d+')) end
  history_events = history_events + tonumber(events)
  history_bytes = history_bytes + #publication
end
for _ = 1, tonumber(entries) do
  add_history(ARGV[at] .. '-0', ARGV[at + 1], ARGV[at + 2])
  at = at + 3
end
for _, entry in ipairs(tail) do add_history(entry[1], entry[2][2], entry[2][4]) end
for _ = 1, tonumber(seen_pairs) do
  redis.call('HSET', seen_0, ARGV[at], ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(likes_pairs) do
  redis.call('HSETNX', likes_key, ARGV[at], ARGV[at + 1])
  at = at + 2
end

redis.call('HSET', room_key, 'upto', text(upto), 'state', state, 'opens', opens, 'draw', draw, 'version', version, 'winners', winners,
  'bot', bot, 'last_message', last_message, 'history_events', history_events, 'history_bytes', text(history_bytes), 'history_oldest', text(history_oldest))
if closes ~= '' then redis.call('HSET', room_key, 'closes', closes) end
if is_conversation then
  for _, key in ipairs({room_key, history_key, seen_0}) do redis.call('PEXPIRE', key, IDLE_MS) end
else
  for _, key in ipairs({room_key, history_key, seen_0, likes_key}) do redis.call('PEXPIREAT', key, kept_until) end
end
if force then redis.call(publish, channel, 'C ' .. room_name .. '\n{"type":"reset"}') end
return 'restored'
