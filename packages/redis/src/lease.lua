-- lease: takes a lease that is free, or renews one's own. Another's stays as it is.
--
-- KEYS  1 the lease
-- ARGV  1 owner, 2 time to live in ms
-- Returns 1 if the lease is the owner's now, else 0

local lease, owner, ttl_ms = KEYS[1], ARGV[1], ARGV[2]

local holder = redis.call('GET', lease)
if holder and holder ~= owner then return 0 end
redis.call('SET', lease, owner, 'PX', ttl_ms)
return 1
