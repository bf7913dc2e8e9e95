import { randomBytes } from 'node:crypto'
import { isTransientError, type TransientStore, utf8, withDeadline } from '@transient/core'
import { createMemoryStore } from '@transient/memory'
import { createRedisStore } from '@transient/redis'
import { type Settings, StartError } from './settings.ts'

/** Where the shop keeps its sessions, and what signs their cookies. */
export interface Storage {
  readonly store: TransientStore
  readonly secret: string
  /** A sentence for whoever started the shop. */
  readonly notice: string
}

const startDeadline = 2000

/** Opens what the settings name, and makes sure that it answers; if it does not, that is a {@link StartError}. */
export async function openStorage({ redisUrl, secret }: Settings): Promise<Storage> {
  if (redisUrl === undefined) {
    return {
      store: createMemoryStore(),
      secret: secret ?? newSecret(),
      notice: 'Carts and logins are kept in memory and end with this process; set REDIS_URL to keep them in Redis.',
    }
  }
  const store = connect(redisUrl)
  try {
    const bounded = withDeadline(store, startDeadline)
    const shared = secret ?? (await sharedSecret(bounded))
    if (secret !== undefined) await bounded.get(secretKey)
    const notice =
      secret === undefined
        ? 'Carts and logins are kept in Redis, and so is the secret that signs cookies; set SESSION_SECRET to keep it apart.'
        : 'Carts and logins are kept in Redis.'
    return { store, secret: shared, notice }
  } catch (error) {
    if (!isTransientError(error)) throw error
    const reason = error.code === 'denied' ? 'refuses the password or the user' : 'cannot be reached'
    throw new StartError(`Redis at ${addressOf(redisUrl)} ${reason} (${error.code})`, { cause: error })
  }
}

function connect(redisUrl: string): TransientStore {
  try {
    return createRedisStore(redisUrl, { connectTimeout: startDeadline })
  } catch (error) {
    throw new StartError(`REDIS_URL cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

const secretKey = 'shop:secret'

/**
 * The secret that all processes of this demonstration share by way of their Redis: the first one makes it. Who can read it there can
 * sign cookies, but still opens nobody's session, because the store knows only hashes of the ids. A real shop sets SESSION_SECRET.
 */
async function sharedSecret(store: TransientStore): Promise<string> {
  const made = utf8.encode(newSecret())
  if (await store.compareAndSet(secretKey, null, made, Number.POSITIVE_INFINITY)) return utf8.decode(made)
  const theirs = await store.get(secretKey)
  // It was there a moment ago; somebody is emptying this Redis.
  return theirs === undefined ? sharedSecret(store) : utf8.decode(theirs)
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** The URL without its password. ioredis takes one without a scheme, too: `user:password@host`. */
function addressOf(redisUrl: string): string {
  const complete = redisUrl.includes('://') ? redisUrl : `redis://${redisUrl}`
  if (!URL.canParse(complete)) return 'the address in REDIS_URL'
  const { protocol, host, pathname } = new URL(complete)
  return `${protocol}//${host}${pathname}`
}
