-- One atomic change: every condition is read before the first write, so it is all of it or none.
-- This script knows nothing about parks: only entities with versions, counters with limits, indexes and a stream.
--
-- KEYS, in this order:  the idempotency record (if any), one per expected version, one per take,
--                       per write: the entity, indexes to leave, indexes to join; and one stream per event
-- ARGV, in this order:  idempotency 0/1, fingerprint, answer, seconds to keep them,
--                       number of expects, takes, writes, events,
--                       per expect: version;  per take: field, amount, limit;
--                       per write: document ('' removes the entity), number to leave, number to join, members to leave, members to join;
--                       per event: number of fields and values, field, value, field, value ...
--
-- Answers: {'done', last event id}          it is in the store
--          {'repeated', answer, event id}   an earlier call with the same key and fingerprint had done it
--          {'fingerprint'}                  the idempotency key belongs to another request
--          {'version', i, found}            the i-th expect (from 1) does not hold
--          {'full', i, taken}               the i-th take (from 1) would pass its limit

local next_key, next_arg = 0, 0
local function key() next_key = next_key + 1 return KEYS[next_key] end
local function arg() next_arg = next_arg + 1 return ARGV[next_arg] end
local function number() return tonumber(arg()) end
local function whole(value) return string.format('%.0f', value) end

local is_idempotent, fingerprint, answer, keep_seconds = arg() == '1', arg(), arg(), arg()
local expects, takes, writes, events = number(), number(), number(), number()
local record = is_idempotent and key()

if record then
  local kept = redis.call('HMGET', record, 'f', 'a', 'e')
  if kept[1] then
    if kept[1] ~= fingerprint then return {'fingerprint'} end
    return {'repeated', kept[2], kept[3]}
  end
end

for i = 1, expects do
  local found = redis.call('HGET', key(), 'v') or '0'
  if tonumber(found) ~= number() then return {'version', whole(i), found} end
end

local counters, by_name = {}, {}
for i = 1, takes do
  local hash, field, amount, limit = key(), arg(), number(), number()
  local name = #hash .. ':' .. hash .. field
  local counter = by_name[name]
  if not counter then
    counter = {hash = hash, field = field, value = tonumber(redis.call('HGET', hash, field) or '0')}
    by_name[name] = counter
    counters[#counters + 1] = counter
  end
  if amount > 0 and counter.value + amount > limit then return {'full', whole(i), whole(counter.value)} end
  counter.value = math.max(0, counter.value + amount)
end

-- nothing below this line can refuse

for _, counter in ipairs(counters) do
  if counter.value == 0 then
    redis.call('HDEL', counter.hash, counter.field)
  else
    redis.call('HSET', counter.hash, counter.field, whole(counter.value))
  end
end

for _ = 1, writes do
  local entity, document, leave, join = key(), arg(), number(), number()
  if document == '' then
    redis.call('DEL', entity)
  else
    redis.call('HINCRBY', entity, 'v', 1)
    redis.call('HSET', entity, 'd', document)
  end
  for _ = 1, leave do redis.call('ZREM', key(), arg()) end
  for _ = 1, join do redis.call('ZADD', key(), 0, arg()) end
end

local last_event = ''
for _ = 1, events do
  local stream, size, entry = key(), number(), {}
  for i = 1, size do entry[i] = arg() end
  last_event = redis.call('XADD', stream, '*', unpack(entry))
end

if record then
  redis.call('HSET', record, 'f', fingerprint, 'a', answer, 'e', last_event)
  redis.call('EXPIRE', record, keep_seconds)
end
return {'done', last_event}
