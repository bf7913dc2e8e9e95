import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { frozenCopyOf } from './copy.ts'
import { refused } from './refused.ts'
import { endField, isSystemField } from './system-fields.ts'

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
  /** Sets a field that the application does not see, to be stored like any other. */
  assign(name: string, value: unknown): void
  /** The value of one field among those in the store, as {@link fields} would show it. */
  valueIn(stored: ReadonlyMap<string, string>, name: string): unknown
  /** Takes in the stored text of one field, or its absence, and gives its value. */
  replace(name: string, text: string | undefined): unknown
  /** From now on every change throws `session-sealed`. */
  seal(): void
}

/** A field as a schema wants it to be seen. */
export interface ShownField {
  readonly value: unknown
  /** The JSON text of the value: as long as it is that, the field is unchanged. */
  readonly text: string
}

/** What a schema makes of stored fields. */
export interface ValidatedFields {
  readonly shown: ReadonlyMap<string, ShownField>
  /** The fields that are not what the schema says; `'all'` if it does not say which. */
  readonly invalid: readonly string[] | 'all'
  /** What the schema threw. */
  readonly error?: unknown
}

/** Says how stored fields are to be seen. What it does not show is absent, and stays in the store as it is until the application sets or deletes it. */
export type FieldValidator = (stored: ReadonlyMap<string, string>) => ValidatedFields

/** Called with the name of a field whose text is not JSON; the field is then absent, and the next commit removes it. */
export type CorruptFieldListener = (name: string) => void

/** What decides how the fields are to be seen, and is told once of each that is not valid, or of all if no field is given. */
export interface Validation {
  readonly validate: FieldValidator
  onInvalid(field?: string, error?: unknown): void
}

export function createSessionData(
  stored: ReadonlyMap<string, string>,
  onCorruptField: CorruptFieldListener,
  validation?: Validation,
): SessionData {
  let latest = stored
  // For each field the application has had in its hands: the text it stands for in the store, as far as this session knows.
  const seen = new Map<string, string | undefined>()
  // Without a prototype, `__proto__` and `constructor` are names like any other.
  const values = Object.create(null) as Fields
  // What the session itself assigned, out of the application's sight.
  const hidden = Object.create(null) as Fields
  const roomOf = (name: string) => (isSystemField(name) ? hidden : values)
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
  const validate = validation?.validate
  const told = new Set<string | undefined>()
  const tell = (field?: string, error?: unknown) => {
    if (told.has(field)) return
    told.add(field)
    validation?.onInvalid(field, error)
  }
  const validated = (fields: ReadonlyMap<string, string>, by: FieldValidator) => {
    const { shown, invalid, error } = by(fields)
    if (invalid === 'all') tell(undefined, error)
    else for (const name of invalid) tell(name)
    return shown
  }
  // What the validator shows of `latest`; made anew when it is needed after `latest` has changed.
  let view = validate && validated(latest, validate)
  const shownOf = (name: string) => validate && (view ??= validated(latest, validate)).get(name)

  const show = (name: string, { value, text }: ShownField) => {
    seen.set(name, text)
    values[name] = value
  }
  const look = (name: string | symbol) => {
    if (typeof name !== 'string' || seen.has(name) || isSystemField(name)) return
    const text = latest.get(name)
    const shown = shownOf(name)
    if (shown !== undefined) show(name, shown)
    // What the validator hides stays unseen, so that whatever is set there is a change.
    else if (validate === undefined || parseField(text) === undefined) parse(name, text)
  }
  const assign = (name: string, value: unknown) => {
    if (sealed) throw refused('session-sealed', 'session.data')
    if (!seen.has(name)) seen.set(name, shownOf(name)?.text ?? latest.get(name))
    assigned.add(name)
    const room = roomOf(name)
    if (value === undefined) delete room[name]
    else room[name] = value
  }
  const assignField = (name: string | symbol, value: unknown) => {
    if (typeof name === 'symbol') throw misuse(new TypeError('the fields of a session have strings as names'))
    if (isSystemField(name)) throw misuse(new TypeError('the name of a field must not begin with U+0000'))
    assign(name, value)
    // A new value has no end of its own until it is given one.
    const end = endField(name)
    if (latest.has(end) || seen.has(end)) assign(end, undefined)
    return true
  }

  const fields = new Proxy(values, {
    get: (_, name) => {
      look(name)
      const value = values[name as string]
      return sealed ? frozenCopyOf(value) : value
    },
    has: (_, name) => {
      look(name)
      return name in values
    },
    set: (_, name, value) => assignField(name, value),
    defineProperty: (_, name, descriptor) => 'value' in descriptor && assignField(name, descriptor.value),
    deleteProperty: (_, name) => assignField(name, undefined),
    ownKeys: () => {
      for (const name of latest.keys()) look(name)
      if (validate !== undefined) for (const name of (view ??= validated(latest, validate)).keys()) look(name)
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
    const value = roomOf(name)[name]
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
    assign,
    rebase: (current) => {
      latest = current
      view = undefined
    },
    valueIn: (fields, name) =>
      validate === undefined ? parseField(fields.get(name)) : validated(fields, validate).get(name)?.value,
    replace: (name, text) => {
      assigned.delete(name)
      delete values[name]
      const shown =
        text === undefined || validate === undefined
          ? undefined
          : validated(new Map(latest).set(name, text), validate).get(name)
      if (shown === undefined) parse(name, text)
      else show(name, shown)
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
