/** One call, as a line of JSON from the test to the process of the site. */
export interface RemoteCall {
  readonly id: number
  /** Which object: 0 is the one that the process begins with, others are what calls have returned. */
  readonly object: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** The answer to a call, as a line of JSON. */
export type RemoteAnswer =
  | { readonly id: number; readonly value: unknown }
  /** An object with methods stays where it is; what it holds beside them comes along. */
  | { readonly id: number; readonly object: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly id: number; readonly error: string }

type Methods = Record<string, (...args: unknown[]) => unknown>

/** Answers calls of the methods of an object, and of the objects that they return. */
export function createCallee(root: object): (call: RemoteCall) => Promise<RemoteAnswer> {
  const objects: object[] = [root]
  return async ({ id, object, method, args }) => {
    try {
      const value = await ((objects[object] as Methods)[method] as Methods[string])(...args)
      if (!hasMethods(value)) return { id, value }
      const fields = Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field !== 'function'))
      return { id, object: objects.push(value) - 1, fields }
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }
}

function hasMethods(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((field) => typeof field === 'function')
  )
}
