import type { ServerResponse } from 'node:http'

const coverKey = Symbol('cover')
interface Cover {
  readonly nature: object
  readonly ended: () => boolean
}
type Covered = ServerResponse & { [coverKey]?: Cover | undefined }
const disguises = new WeakMap<object, object>()

/**
 * Makes the response look as if its headers had left. What it looks like is in a prototype, made once for all responses of a kind: properties
 * that come and go on the response itself would cost more than the commit.
 */
export function disguise(response: Covered, ended: () => boolean): void {
  const nature = Object.getPrototypeOf(response) as object
  let look = disguises.get(nature)
  if (look === undefined) {
    look = createDisguise(nature)
    disguises.set(nature, look)
  }
  response[coverKey] = { nature, ended }
  Object.setPrototypeOf(response, look)
}

/** Takes that away again. */
export function undisguise(response: Covered): void {
  const cover = response[coverKey]
  if (cover !== undefined) Object.setPrototypeOf(response, cover.nature)
  response[coverKey] = undefined
}

function createDisguise(nature: object): object {
  const tooLate = () => {
    throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
      code: 'ERR_HTTP_HEADERS_SENT',
    })
  }
  const look: PropertyDescriptorMap = {
    headersSent: { get: () => true },
    writableEnded: {
      get(this: Covered) {
        return this[coverKey]?.ended()
      },
    },
  }
  for (const name of ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'])
    look[name] = { value: tooLate, writable: true }
  return Object.create(nature, look) as object
}
