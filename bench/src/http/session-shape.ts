/** What a visitor's session holds: one long text, or many short fields. */
export interface SessionShape {
  readonly layout: 'text' | 'fields'
  /** The length of the session as JSON, about. */
  readonly bytes: number
}

/** What all the servers keep in a session. */
export interface Visit {
  visitor: string
  visits: number
  [field: string]: string | number
}

/** A new visitor's session. */
export function contentsOf({ layout, bytes }: SessionShape, visitor: string): Visit {
  const visit: Visit = { visitor, visits: 0 }
  let left = bytes - JSON.stringify(visit).length
  if (layout === 'text') {
    const length = left - ',"text":""'.length
    visit.text = 'apple '.repeat(bytes).slice(0, Math.max(length, 1))
    return visit
  }
  for (let number = 0; left > 0; number += 1) {
    const value = `value ${number}`
    visit[`field${number}`] = value
    left -= `,"field${number}":"${value}"`.length
  }
  return visit
}

/** The field beside the visitor's name and visits that a page looks at. */
export function probeOf({ layout }: SessionShape): string {
  return layout === 'text' ? 'text' : 'field3'
}

export function describeShape({ layout, bytes }: SessionShape): string {
  const size = bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`
  return `${size} ${layout === 'text' ? 'in one text' : 'in many fields'}`
}
