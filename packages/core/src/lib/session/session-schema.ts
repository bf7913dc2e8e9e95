import { stringify } from '../codec/json.ts'
import type { StandardIssue, StandardResult, StandardSchemaV1 } from '../schema/standard-schema.ts'
import { misuse } from '../store/checks.ts'
import { copyOf } from './copy.ts'
import { type FieldValidator, parseField, type ShownField } from './session-data.ts'
import { isSystemField } from './system-fields.ts'

// Each round costs a validation of the whole, and sets at least one field aside.
const mostRounds = 32

/**
 * Validates fields, all together, and again without those that are not valid. That a field is absent is no issue; but where the schema says it is,
 * it has no output to give, and the fields that are there are shown as they are stored.
 */
export function createFieldValidator(schema: StandardSchemaV1): FieldValidator {
  const standard = (schema as Partial<StandardSchemaV1> | undefined)?.['~standard']
  if (typeof standard?.validate !== 'function')
    throw misuse(
      new TypeError('schema must be a Standard Schema: zod, valibot, arktype … (https://standardschema.dev)'),
    )
  const ask = (input: readonly (readonly [string, unknown])[]) => {
    let result: StandardResult<unknown> | Promise<StandardResult<unknown>>
    try {
      // Made of entries, `__proto__` is a name like any other.
      result = standard.validate(Object.fromEntries(input))
    } catch (error) {
      return { error, result: undefined }
    }
    refusePromise(result)
    return { result }
  }
  // Better now than at the first request.
  ask([])

  return (fields) => {
    const left = new Map<string, string>()
    let input: [string, unknown][] = []
    for (const [name, text] of fields) {
      const value = isSystemField(name) ? undefined : parseField(text)
      if (value === undefined) continue
      left.set(name, text)
      input.push([name, value])
    }
    const invalid: string[] = []
    for (let round = 0; round < mostRounds; round++) {
      const { result, error } = ask(input)
      if (result === undefined) return { shown: new Map(), invalid: 'all', error }
      if (result.issues === undefined) return { shown: showOutput(result.value, invalid), invalid }
      const named = fieldsOf(result.issues)
      if (named === undefined) break
      const present = [...named].filter((name) => left.has(name))
      if (present.length === 0) return { shown: showStored(left), invalid }
      for (const name of present) left.delete(name)
      invalid.push(...present)
      // Parsed anew: a schema may have changed what it was given.
      input = Array.from(left, ([name, text]) => [name, parseField(text)])
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
