import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'

/** JSON text by field name; `undefined` for a field that is to be removed. */
export type FieldChanges = Map<string, string | undefined>

type Fields = Record<string, unknown>

/**
 * `session.data`: an object whose fields are parsed when they are first asked for. Only those can have been changed inside
 * (`data.cart.push(…)`), so only those are compared with what was stored when a commit looks for changes.
 */
export interface SessionData {
  /** The object the application works with. */
  readonly fields: Fields
  /** What was changed since the last call, and regards it as stored. */
  takeChanges(only?: string): FieldChanges
  /** Regards changes that were taken, and could not be stored, as not stored. */
  restoreChanges(changes: FieldChanges): void
  /** Takes in the fields as they are stored now; those the application has in its hands stay as they are. */
  rebase(stored: ReadonlyMap<string, string>): void
  /** Takes in the stored text of one field, or its absence, and gives its value. */
  replace(name: string, text: string | undefined): unknown
  /** From now on every change throws `session-sealed`. */
  seal(): void
}

/** Called with the name of a field whose text is not JSON; the field is then absent, and the next commit removes it. */
export type CorruptFieldListener = (name: string) => void

export function createSessionData(
  stored: ReadonlyMap<string, string>,
  onCorruptField: CorruptFieldListener,
): SessionData {
  let latest = stored
  // For each field the application has had in its hands: the text it stands for in the store, as far as this session knows.
  const seen = new Map<string, string | undefined>()
  // Without a prototype, `__proto__` and `constructor` are names like any other.
  const values = Object.create(null) as Fields
  // Names that were set, so that their value has to be compared even if it is no object.
  const assigned = new Set<string>()
  let sealed = false

  const parse = (name: string, text: string | undefined) => {
    seen.set(name, text)
    if (text === undefined) return
    const value = parseField(text)
    if (value === undefined) onCorruptField(name)
    else values[name] = value
  }
  const look = (name: string | symbol) => {
    if (typeof name === 'string' && !seen.has(name)) parse(name, latest.get(name))
  }
  const claim = (name: string | symbol): string => {
    if (sealed) throw new TransientError('session-sealed', { operation: 'session.data' })
    if (typeof name === 'symbol') throw misuse(new TypeError('the fields of a session have strings as names'))
    if (!seen.has(name)) seen.set(name, latest.get(name))
    return name
  }
  const assign = (key: string | symbol, value: unknown) => {
    const name = claim(key)
    assigned.add(name)
    if (value === undefined) delete values[name]
    else values[name] = value
    return true
  }

  const fields = new Proxy(values, {
    get: (_, name) => {
      look(name)
      const value = values[name as string]
      return sealed && typeof value === 'object' && value !== null ? frozenCopy(value) : value
    },
    has: (_, name) => {
      look(name)
      return name in values
    },
    set: (_, name, value) => assign(name, value),
    defineProperty: (_, name, descriptor) => 'value' in descriptor && assign(name, descriptor.value),
    deleteProperty: (_, name) => delete values[claim(name)],
    ownKeys: () => {
      for (const name of latest.keys()) look(name)
      return Reflect.ownKeys(values)
    },
    getOwnPropertyDescriptor: (_, name) => {
      look(name)
      return Reflect.getOwnPropertyDescriptor(values, name)
    },
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  })
  // console.log looks through a proxy at its target, which has only what was parsed.
  Object.defineProperty(values, Symbol.for('nodejs.util.inspect.custom'), {
    configurable: true,
    value: () => ({ ...fields }),
  })

  const textOf = (name: string): string | undefined => {
    const value = values[name]
    if (value === undefined) return undefined
    if (typeof value !== 'object' && !assigned.has(name)) return seen.get(name)
    return stringify(value, `session.data.${name}`)
  }

  return {
    fields,
    takeChanges: (only) => {
      const changes: FieldChanges = new Map()
      for (const [name, before] of seen) {
        if (only !== undefined && name !== only) continue
        const text = textOf(name)
        if (text !== before) changes.set(name, text)
      }
      // Only now, when nothing can throw any more.
      for (const [name, text] of changes) {
        seen.set(name, text)
        assigned.delete(name)
      }
      return changes
    },
    restoreChanges: (changes) => {
      for (const [name, text] of changes) {
        if (seen.get(name) !== text) continue
        seen.set(name, unknownText)
        assigned.add(name)
      }
    },
    rebase: (current) => {
      latest = current
    },
    replace: (name, text) => {
      assigned.delete(name)
      delete values[name]
      parse(name, text)
      return values[name]
    },
    seal: () => {
      sealed = true
    },
  }
}

/** Stands for what the store holds when that is not known: no JSON text equals it. */
const unknownText = ''

/** The value of a field's text; `undefined` for an absent field and for text that is not JSON. */
export function parseField(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function frozenCopy(value: object): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => Object.freeze(part)) as unknown
}
