/** A copy of arrays, plain objects and dates, however deep. Anything else is no data that could be copied, and stays what it is. */
export function copyOf(value: unknown): unknown {
  return copy(
    value,
    (other) => other,
    (made) => made,
  )
}

/** A copy that cannot be changed; of what is neither array nor plain object nor date, its JSON form. */
export function frozenCopyOf(value: unknown): unknown {
  return copy(value, frozenJson, Object.freeze)
}

function copy(value: unknown, other: (value: object) => unknown, finish: (made: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return finish(new Date(value))
  if (Array.isArray(value)) return finish(value.map((part) => copy(part, other, finish)))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return other(value)
  // Made of entries, `__proto__` is a name like any other.
  return finish(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copy(part, other, finish)])))
}

function frozenJson(value: object): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => Object.freeze(part)) as unknown
}
