/** The same value, and nothing inside it can be changed. What cannot be frozen (the bytes of a buffer, what is in a `Map`) stays as it is. */
export function deepFreeze(value: unknown): unknown {
  // A list and no recursion: values may be nested as deeply as they like. What is frozen already may still have parts that are not.
  const seen = new Set<unknown>()
  const left = [value]
  while (left.length > 0) {
    const part = left.pop()
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part) || seen.has(part)) continue
    seen.add(part)
    Object.freeze(part)
    for (const inner of Object.values(part)) left.push(inner)
  }
  return value
}
