import type { StandardResult, StandardSchemaV1 } from '../schema/standard-schema.ts'
import { misuse } from '../store/checks.ts'

/** What a schema makes of a value; `undefined` if it does not fit. */
export type ValueFit = (value: unknown) => { readonly value: unknown } | undefined

/** Without a schema everything fits. A schema that is none is a `TypeError`, as is one that turns out to be asynchronous. */
export function createValueFit(schema: StandardSchemaV1<unknown, unknown> | undefined): ValueFit {
  if (schema === undefined) return (value) => ({ value })
  const standard = (schema as Partial<StandardSchemaV1>)['~standard']
  if (typeof standard?.validate !== 'function')
    throw misuse(
      new TypeError('schema must be a Standard Schema: zod, valibot, arktype … (https://standardschema.dev)'),
    )
  return (value) => {
    const result = standard.validate(value)
    if (isPromise(result)) throw misuse(new TypeError('the schema of a cache must be synchronous'))
    return result.issues === undefined ? { value: result.value } : undefined
  }
}

function isPromise(
  result: StandardResult<unknown> | Promise<StandardResult<unknown>>,
): result is Promise<StandardResult<unknown>> {
  if (!('then' in result)) return false
  // Nobody waits for it, so its failure is nobody's.
  result.then(undefined, () => {})
  return true
}
