"""The Lua script that decides in the server: GCRA (ITU-T I.371) as virtual scheduling, by the server's clock.

A script runs alone, so that reading, deciding and writing are one step for everybody. The state of a bucket
is the time at which it is full again, ``MICROSECONDS:UNITS`` (units.py); a bucket that is full has none, and
its key expires then, or a second later, since the clock of expiry is coarser and may stand still in a script.
Whoever is refused writes nothing, so that a flood of refused calls is neither replicated nor logged.
"""

from __future__ import annotations

import hashlib

__all__ = ["GARBAGE", "SCRIPT", "SHA"]

#: The error code of a key that holds a string which is no state of a bucket.
GARBAGE = "MESHCOREKEY"

# ARGV[1], numbers in one string, which costs clients less than six strings: units of a token, units of a
# microsecond, cost in tokens (negative: a refund), tokens to take beyond the cost if they can be spared, the
# most units that may be owed afterwards, 1 to take or 0 to look.
# The reply, numbers in one line likewise: 1 or 0 for allowed, the debt before in units, tokens taken.
SCRIPT = """\
local numbers = '^(%d+) (%d+) (-?%d+) (%d+) (%d+) ([01])$'
local token, scale, cost, extra, most, take = string.match(ARGV[1], numbers)
token, scale, cost = tonumber(token), tonumber(scale), tonumber(cost)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local debt = 0
local state = redis.call('GET', KEYS[1])
if state then
  local whole, part = string.match(state, '^(%d+):(%d+)$')
  debt = whole and math.max(0, (whole - now) * scale + part)
  if not debt or debt >= 9007199254740992 then
    return redis.error_reply('GARBAGE the key of a rate limit holds something else')
  end
end
local taken = cost
if cost >= 0 then
  local room = most - debt
  if cost * token > room then return {ok = string.format('0 %.0f 0', debt)} end
  if take == '0' then return {ok = string.format('1 %.0f 0', debt)} end
  -- Never more than half of what is left: whoever comes next finds as much.
  local spare = math.floor((math.floor(room / token) - cost) / 2)
  taken = cost + math.max(0, math.min(tonumber(extra), spare))
end
local after = math.max(0, debt + taken * token)
if after ~= debt and after == 0 then
  redis.call('DEL', KEYS[1])
elseif after ~= debt then
  local part = math.fmod(after, scale)
  local whole = (after - part) / scale
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', now + whole, part),
    'PX', string.format('%.0f', math.ceil(whole / 1000) + 1000))
end
return {ok = string.format('1 %.0f %.0f', debt, taken)}
""".replace("GARBAGE", GARBAGE)

#: What EVALSHA knows it by.
SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
