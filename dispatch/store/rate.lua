-- One quota, spent by many at once: the generic cell rate algorithm (GCRA) in whole microseconds of the server's clock.
-- KEYS: the quota's state.  ARGV: microseconds for one unit, units at most at once, units wanted.
-- Answers: {units granted, units left, milliseconds until there is another unit, milliseconds until all are there again}
local interval, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local free = math.floor((most * interval - (full_at - now)) / interval)
local granted = math.max(0, math.min(wanted, free))
if granted > 0 then
  full_at = full_at + granted * interval
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
end
local until_all = full_at - now
local until_next = math.max(0, until_all - (most - 1) * interval)
return {granted, math.max(0, free - granted), math.ceil(until_next / 1000), math.ceil(until_all / 1000)}
