-- control: a command to every gateway, kept so that one who missed the publication finds it by the version.
--
-- KEYS  1 version (counter), 2 log (stream, id = version)
-- ARGV  1 channel, 2 command (JSON), 3 how many commands to keep
-- Returns the command's version

local version_key, log_key = KEYS[1], KEYS[2]
local channel, command, keep = ARGV[1], ARGV[2], ARGV[3]

local version = redis.call('INCR', version_key)
redis.call('XADD', log_key, 'MAXLEN', keep, version .. '-0', 'c', command)
redis.call('PUBLISH', channel, version)
return version
