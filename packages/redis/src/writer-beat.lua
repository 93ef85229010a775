-- writer-beat: says that a writer lives, forgets those that have been silent, and tells who is there.
-- Judged by the clock of Redis, so that no two writers have to agree on the time.
--
-- KEYS  1 the writers (sorted set, score = last beat in ms)
-- ARGV  1 writer, 2 ms of silence after which a writer is taken for dead
-- Returns the number of living writers

local writers, writer, silence_ms = KEYS[1], ARGV[1], tonumber(ARGV[2])

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', writers, string.format('%.0f', now_ms), writer)
redis.call('ZREMRANGEBYSCORE', writers, '-inf', string.format('(%.0f', now_ms - silence_ms))
return redis.call('ZCARD', writers)
