-- lease-release: gives a lease back, if it is still one's own.
--
-- KEYS  1 the lease
-- ARGV  1 owner
-- Returns 1 if it was the owner's, else 0

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
