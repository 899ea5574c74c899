"""What changes the Redis log, each as one script, which Redis runs whole or not at all.

KEYS[1] is the prefix of a generation; _redis_keys.py says what the keys hold. Scripts are sent in
full each time: a server that was restarted has forgotten those it knew.
"""

# Where a value is filed: its group and its stratum.
_FILED = """
local function filed(value)
  return cjson.decode(string.sub(value, 10))[5] .. ':' .. string.byte(value, 1)
end
"""

# Arguments, four a prediction: id, "=" and the entity key (or nothing), group of versions, value.
# Without any it finds out whether the server takes writes.
APPEND = """
if #ARGV == 0 then
  redis.call('SET', KEYS[1] .. 'probe', '')
end
local known = {}
for at = 1, #ARGV, 4 do
  local id, entity, group, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if redis.call('SET', KEYS[1] .. 'p:' .. id, value, 'NX') then
    if not known[group] then
      redis.call('SADD', KEYS[1] .. 'v', group)
      known[group] = true
    end
    local place, member = group .. ':' .. string.byte(value, 1), string.sub(value, 2, 9) .. id
    redis.call('ZADD', KEYS[1] .. 's:' .. place, 0, member)
    if redis.call('EXISTS', KEYS[1] .. 'l:' .. id) == 1 then
      redis.call('ZADD', KEYS[1] .. 'sl:' .. place, 0, member)
      redis.call('ZREM', KEYS[1] .. 'early', id)
    end
    if entity ~= '' then
      redis.call('SADD', KEYS[1] .. 'e:' .. string.sub(entity, 2), string.sub(value, 1, 9) .. id)
    end
  end
end
"""

EARLY, JOINED, FOREIGN, DROPPED = 0, 1, 2, 3
# Before the value that an official label replaced.
REPLACED = b"!"
# More of them are deleted by the next call.
_EXPIRED_A_CALL = 1_000

# Arguments: the target (or nothing), the time before which early labels have expired, how many may
# wait, then two a label: id, value. Answers for each EARLY, JOINED, FOREIGN if its prediction is
# about another target, DROPPED if too many wait, or the value that it has already; with REPLACED
# before it if that one gave way to an official label.
LABEL = f"""{_FILED}
local function is_foreign(value)
  local target = cjson.decode(string.sub(value, 10))[7]
  return ARGV[1] ~= '' and target ~= '' and target ~= ARGV[1]
end

local function with_replaced(value, old)
  local time, label, authority = string.match(old, '^.(%S+) (.-)\\n.-\\n(.*)$')
  local replaced = '[' .. label .. ',' .. time .. ',' .. cjson.encode(authority) .. ']'
  local head, rest = string.match(value, '^(.-\\n)\\n(.*)$')
  return head .. replaced .. '\\n' .. rest
end

local early, room = KEYS[1] .. 'early', nil
local function has_room()
  if not room then
    local expired = redis.call(
      'ZRANGEBYSCORE', early, '-inf', '(' .. ARGV[2], 'LIMIT', 0, {_EXPIRED_A_CALL})
    for _, id in ipairs(expired) do
      redis.call('DEL', KEYS[1] .. 'l:' .. id)
      redis.call('ZREM', early, id)
    end
    room = ARGV[3] - redis.call('ZCARD', early)
  end
  room = room - 1
  return room >= 0
end

local answers = {{}}
for at = 4, #ARGV, 2 do
  local id, answer = ARGV[at], redis.call('GET', KEYS[1] .. 'l:' .. ARGV[at])
  local value = redis.call('GET', KEYS[1] .. 'p:' .. id)
  if value and is_foreign(value) then
    answer = {FOREIGN}
  elseif answer then
    if string.sub(ARGV[at + 1], 1, 1) == '1' and string.sub(answer, 1, 1) == '0' then
      redis.call('SET', KEYS[1] .. 'l:' .. id, with_replaced(ARGV[at + 1], answer))
      answer = '{REPLACED.decode()}' .. answer
    end
  elseif value then
    redis.call('SET', KEYS[1] .. 'l:' .. id, ARGV[at + 1])
    redis.call('ZADD', KEYS[1] .. 'sl:' .. filed(value), 0, string.sub(value, 2, 9) .. id)
    answer = {JOINED}
  elseif has_room() then
    redis.call('SET', KEYS[1] .. 'l:' .. id, ARGV[at + 1])
    redis.call('ZADD', early, string.match(ARGV[at + 1], '^.(%S+)'), id)
    answer = {EARLY}
  else
    answer = {DROPPED}
  end
  answers[#answers + 1] = answer
end
return answers
"""

# Arguments: entity key, how many predictions at most. Answers how many there were.
ERASE = f"""{_FILED}
local found = redis.call('SPOP', KEYS[1] .. 'e:' .. ARGV[1], ARGV[2])
for _, entry in ipairs(found) do
  local member, id = string.sub(entry, 2), string.sub(entry, 10)
  local place = filed(redis.call('GET', KEYS[1] .. 'p:' .. id))
  redis.call('DEL', KEYS[1] .. 'p:' .. id, KEYS[1] .. 'l:' .. id)
  redis.call('ZREM', KEYS[1] .. 's:' .. place, member)
  redis.call('ZREM', KEYS[1] .. 'sl:' .. place, member)
end
return #found
"""

# Arguments: the end of a window, how many predictions at most, how many strata there are; and, if
# wanted, the beginning of another window, and the microsecond before which its predictions have to
# have arrived to be deleted as well. Answers how many there were. A group without
# predictions is forgotten.
PRUNE = """
local deleted, most = 0, tonumber(ARGV[2])

local function delete(place, set, member, id, value)
  local entity = cjson.decode(string.sub(value, 10))[1]
  if entity ~= cjson.null then
    redis.call('SREM', KEYS[1] .. 'e:' .. entity, string.sub(value, 1, 9) .. id)
  end
  redis.call('DEL', KEYS[1] .. 'p:' .. id, KEYS[1] .. 'l:' .. id)
  redis.call('ZREM', set, member)
  redis.call('ZREM', KEYS[1] .. 'sl:' .. place, member)
  deleted = deleted + 1
end

local function prune(place, set, first, last, arrived_before)
  local skipped = 0
  while deleted < most do
    local page = redis.call('ZRANGEBYLEX', set, first, last, 'LIMIT', skipped, most - deleted)
    if #page == 0 then
      return
    end
    for _, member in ipairs(page) do
      local id = string.sub(member, 9)
      local value = redis.call('GET', KEYS[1] .. 'p:' .. id)
      if arrived_before and cjson.decode(string.sub(value, 10))[2] >= arrived_before then
        skipped = skipped + 1
      else
        delete(place, set, member, id, value)
      end
    end
  end
end

for _, group in ipairs(redis.call('SMEMBERS', KEYS[1] .. 'v')) do
  local sets = 0
  for stratum = 0, ARGV[3] - 1 do
    local place = group .. ':' .. stratum
    local set = KEYS[1] .. 's:' .. place
    prune(place, set, '-', ARGV[1])
    if ARGV[4] then
      prune(place, set, ARGV[4], '+', tonumber(ARGV[5]))
    end
    sets = sets + redis.call('EXISTS', set)
  end
  if sets == 0 then
    redis.call('SREM', KEYS[1] .. 'v', group)
  end
end
return deleted
"""
