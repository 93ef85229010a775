-- control: a command to every gateway, kept so that one who missed the publication finds it by the version.
--
-- KEYS  1 version (counter), 2 log (stream, id = version)
-- ARGV  1 channel, 2 command (JSON), 3 how many commands to keep, 4 PUBLISH or SPUBLISH
-- Returns the command's version

local version_key, log_key = KEYS[1], KEYS[2]
local channel, command, keep, publish = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local version = redis.call('INCR', version_key)
redis.call('XADD', log_key, 'MAXLEN', keep, version .. '-0', 'c', command)
redis.call(publish, channel, version)
return version
