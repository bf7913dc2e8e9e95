import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { copyOf } from './copy.ts'
import { parseField } from './session-data.ts'
import type { StandardIssue, StandardResult, StandardSchemaV1 } from './standard-schema.ts'
import { isSystemField } from './system-fields.ts'

/** A field as the application is to see it. */
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

export type FieldValidator = (fields: ReadonlyMap<string, string>) => ValidatedFields

// Each round costs a validation of the whole, and sets at least one field aside.
const mostRounds = 32

/**
 * Validates fields, all together, and again without those that are not valid. That a field is absent is no issue; but where the schema says it is,
 * it has no output to give, and the fields that are there are shown as they are stored.
 */
export function createFieldValidator(schema: StandardSchemaV1): FieldValidator {
  const validate = (schema as Partial<StandardSchemaV1> | undefined)?.['~standard']?.validate
  if (typeof validate !== 'function')
    throw misuse(
      new TypeError('schema must be a Standard Schema: zod, valibot, arktype … (https://standardschema.dev)'),
    )

  return (fields) => {
    const left = new Map<string, string>()
    for (const [name, text] of fields) if (!isSystemField(name) && parseField(text) !== undefined) left.set(name, text)
    const invalid: string[] = []
    for (let round = 0; round < mostRounds; round++) {
      let result: StandardResult<unknown> | Promise<StandardResult<unknown>>
      try {
        // Parsed for each round: a schema may change what it is given.
        result = validate(Object.fromEntries(Array.from(left, ([name, text]) => [name, parseField(text)])))
      } catch (error) {
        return { shown: new Map(), invalid: 'all', error }
      }
      refusePromise(result)
      if (result.issues === undefined) return { shown: showOutput(result.value, invalid), invalid }
      const named = fieldsOf(result.issues)
      if (named === undefined) break
      const present = [...named].filter((name) => left.has(name))
      if (present.length === 0) return { shown: showStored(left), invalid }
      for (const name of present) left.delete(name)
      invalid.push(...present)
    }
    return { shown: new Map(), invalid: 'all' }
  }
}

/** The fields that the issues are about; `undefined` if one is about none in particular. */
function fieldsOf(issues: readonly StandardIssue[]): Set<string> | undefined {
  const names = new Set<string>()
  for (const { path } of issues) {
    const first = path?.[0]
    if (first === undefined) return undefined
    names.add(String(typeof first === 'object' ? first.key : first))
  }
  return names.size === 0 ? undefined : names
}

function showOutput(output: unknown, invalid: string[]): Map<string, ShownField> {
  if (typeof output !== 'object' || output === null || Array.isArray(output))
    throw misuse(new TypeError('the schema of a session must give objects'))
  const shown = new Map<string, ShownField>()
  for (const [name, value] of Object.entries(output) as [string, unknown][]) {
    if (value === undefined || isSystemField(name)) continue
    try {
      const text = stringify(value)
      // A default is often the same object for everyone: one visitor must not change it for the others.
      shown.set(name, { text, value: copyOf(value) })
    } catch {
      // It could never be stored.
      invalid.push(name)
    }
  }
  return shown
}

function showStored(fields: ReadonlyMap<string, string>): Map<string, ShownField> {
  return new Map(Array.from(fields, ([name, text]) => [name, { text, value: parseField(text) }]))
}

function refusePromise(result: object): asserts result is StandardResult<unknown> {
  const promise = result as Partial<Promise<unknown>>
  if (typeof promise.then !== 'function') return
  // Nobody waits for it, so its failure is nobody's.
  promise.then(undefined, () => {})
  throw misuse(
    new TypeError(
      'the schema of a session must be synchronous; zod gives a promise also if a transform or refinement throws',
    ),
  )
}
