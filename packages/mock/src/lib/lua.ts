import { type MockRedis, storedValue } from './stored-value.ts'

/**
 * Repairs inside the Lua of ioredis-mock: GET of an empty value is false there, GETRANGE of an absent key throws, and KEEPTTL
 * is ignored. Wrong types are refused before a script starts.
 */
const prelude = `local call = redis.call
redis.call = function(name, key, ...)
  if name == 'GET' then
    return call('EXISTS', key) == 1 and (call('GET', key) or '')
  elseif name == 'GETRANGE' then
    return call('EXISTS', key) == 1 and call(name, key, ...) or ''
  elseif name == 'SET' and select(2, ...) == 'KEEPTTL' then
    local ends = call('PEXPIRETIME', key)
    local answer = call(name, key, (...))
    if ends >= 0 then call('PEXPIREAT', key, ends) end
    return answer
  end
  return call(name, key, ...)
end
`

/**
 * Runs a script over one key. Strings cross into this Lua as text, so for the time of the script, which runs at once,
 * bytes are text of one character each: the arguments, and the value of the key.
 */
export async function runLua(mock: MockRedis, text: string, key: string, args: (string | Buffer)[]): Promise<unknown> {
  const before = storedValue(mock, key)
  if (before !== null) mock.data.set(key, before.toString('latin1'))
  const answer = mock.eval(prelude + text, 1, key, ...args.map((argument) => Buffer.from(argument).toString('latin1')))
  const after = mock.data.has(key) ? mock.data.get(key) : undefined
  if (typeof after === 'string') mock.data.set(key, Buffer.from(after, 'latin1'))
  return answer
}
