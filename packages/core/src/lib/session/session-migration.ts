import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { parseField } from './session-data.ts'
import { isSystemField } from './system-fields.ts'

/**
 * Makes of data as an older version of the application left it what this version has. `from` is the `version` with which it was written, 0 if there was
 * none. May change and return what it is given. Synchronous; what throws leaves the session unreadable.
 */
export type Migrate = (data: Record<string, unknown>, from: number) => Record<string, unknown>

/** A version that is no safe integer from 0 on is a `RangeError`, and so is 0 with a `migrate` that could never be called. */
export function checkVersion(version: unknown, migrate: unknown): void {
  if (!Number.isSafeInteger(version) || (version as number) < 0)
    throw misuse(new RangeError('version must be a whole number from 0 on'))
  if (migrate === undefined) return
  if (typeof migrate !== 'function') throw misuse(new TypeError('migrate must be a function'))
  if (version === 0) throw misuse(new RangeError('migrate needs a version above 0: there is no older data'))
}

/**
 * The fields as `migrate` wants them. System fields, and those whose text is damaged, are not its business and stay, the latter unless it
 * writes one of that name. Throws what `migrate` throws, and a `TypeError` for what it may not return.
 */
export function migrateFields(
  fields: ReadonlyMap<string, string>,
  from: number,
  migrate: Migrate,
): ReadonlyMap<string, string> {
  const migrated = new Map<string, string>()
  const data: [string, unknown][] = []
  for (const [name, text] of fields) {
    const value = isSystemField(name) ? undefined : parseField(text)
    if (value === undefined) migrated.set(name, text)
    else data.push([name, value])
  }
  // Made of entries, `__proto__` is a name like any other.
  const result: unknown = migrate(Object.fromEntries(data), from)
  if (typeof result !== 'object' || result === null || Array.isArray(result) || result instanceof Promise) {
    if (result instanceof Promise) result.catch(() => {})
    throw misuse(new TypeError('migrate must return an object, and no promise of one'))
  }
  for (const [name, value] of Object.entries(result)) {
    if (isSystemField(name)) throw misuse(new TypeError('the name of a field must not begin with U+0000'))
    if (value !== undefined) migrated.set(name, stringify(value, `the migrated field ${JSON.stringify(name)}`))
  }
  return migrated
}
