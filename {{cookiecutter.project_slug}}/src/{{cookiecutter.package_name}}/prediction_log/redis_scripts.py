"""What changes the Redis log, each as one script, which Redis runs whole or not at all.

KEYS[1] is the prefix of a generation; redis_keys.py says what the keys hold. Scripts are sent in
full each time: a server that was restarted has forgotten those it knew.
"""

# Arguments, three a prediction: id, "=" and the entity key (or nothing), value. Without any it
# finds out whether the server takes writes.
APPEND = """
if #ARGV == 0 then
  redis.call('SET', KEYS[1] .. 'probe', '')
end
for at = 1, #ARGV, 3 do
  local id, entity, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('SET', KEYS[1] .. 'p:' .. id, value, 'NX') then
    local stratum, member = string.byte(value, 1), string.sub(value, 2, 9) .. id
    redis.call('ZADD', KEYS[1] .. 's:' .. stratum, 0, member)
    if redis.call('EXISTS', KEYS[1] .. 'l:' .. id) == 1 then
      redis.call('ZADD', KEYS[1] .. 'sl:' .. stratum, 0, member)
    end
    if entity ~= '' then
      local place = string.sub(value, 1, 9)
      redis.call('SADD', KEYS[1] .. 'e:' .. string.sub(entity, 2), place .. id)
    end
  end
end
"""

EARLY, JOINED = 0, 1

# Arguments, two a label: id, value. Answers for each EARLY, JOINED, or the value it has already.
LABEL = f"""
local answers = {{}}
for at = 1, #ARGV, 2 do
  local id, answer = ARGV[at], redis.call('GET', KEYS[1] .. 'l:' .. ARGV[at])
  if not answer then
    redis.call('SET', KEYS[1] .. 'l:' .. id, ARGV[at + 1])
    local place = redis.call('GETRANGE', KEYS[1] .. 'p:' .. id, 0, 8)
    answer = {EARLY}
    if place ~= '' then
      local stratum, member = string.byte(place, 1), string.sub(place, 2) .. id
      redis.call('ZADD', KEYS[1] .. 'sl:' .. stratum, 0, member)
      answer = {JOINED}
    end
  end
  answers[#answers + 1] = answer
end
return answers
"""

# Arguments: entity key, how many predictions at most. Answers how many there were.
ERASE = """
local found = redis.call('SPOP', KEYS[1] .. 'e:' .. ARGV[1], ARGV[2])
for _, entry in ipairs(found) do
  local stratum, member, id = string.byte(entry, 1), string.sub(entry, 2), string.sub(entry, 10)
  redis.call('DEL', KEYS[1] .. 'p:' .. id, KEYS[1] .. 'l:' .. id)
  redis.call('ZREM', KEYS[1] .. 's:' .. stratum, member)
  redis.call('ZREM', KEYS[1] .. 'sl:' .. stratum, member)
end
return #found
"""

# Arguments: the end of a window, how many predictions at most, how many strata there are. Answers
# how many there were.
PRUNE = """
local deleted = 0
for stratum = 0, ARGV[3] - 1 do
  local set, left = KEYS[1] .. 's:' .. stratum, ARGV[2] - deleted
  local found = left > 0 and redis.call('ZRANGEBYLEX', set, '-', ARGV[1], 'LIMIT', 0, left) or {}
  for _, member in ipairs(found) do
    local id = string.sub(member, 9)
    local entity = cjson.decode(string.sub(redis.call('GET', KEYS[1] .. 'p:' .. id), 10))[1]
    if entity ~= cjson.null then
      redis.call('SREM', KEYS[1] .. 'e:' .. entity, string.char(stratum) .. member)
    end
    redis.call('DEL', KEYS[1] .. 'p:' .. id, KEYS[1] .. 'l:' .. id)
    redis.call('ZREM', set, member)
    redis.call('ZREM', KEYS[1] .. 'sl:' .. stratum, member)
  end
  deleted = deleted + #found
end
return deleted
"""
