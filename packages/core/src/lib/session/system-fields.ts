import type { Milliseconds } from '../store/transient-store.ts'

// Fields that the application does not see. They are stored and merged like the application's own, whose names cannot begin like theirs.
const mark = '\u0000'
const endMark = `${mark}end:`
const flashMark = `${mark}flash:`

/** Whether this is the name of a field that the application neither sees nor sets. */
export function isSystemField(name: string): boolean {
  return name.startsWith(mark)
}

/** The field with the time, in milliseconds since 1970, at which another one ends. */
export function endField(name: string): string {
  return endMark + name
}

/** The field with the messages of a queue. */
export function flashField(queue: string): string {
  return flashMark + queue
}

/** The fields without those whose own end is past; the same map if there are none. */
export function withoutEnded(fields: ReadonlyMap<string, string>, now: Milliseconds): ReadonlyMap<string, string> {
  let left: Map<string, string> | undefined
  for (const [name, end] of fields) {
    if (!name.startsWith(endMark) || Number(end) > now) continue
    left ??= new Map(fields)
    left.delete(name)
    left.delete(name.slice(endMark.length))
  }
  return left ?? fields
}
