import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { type Duration, parseDuration } from '../store/duration.ts'
import { isCsrfToken, issueCsrfToken } from './csrf.ts'
import { addMessages, fieldOfQueue, flashOf, messagesOf } from './flash.ts'
import { checkKeep, moveToNewId, moveToUser, moveToVisitor } from './move-session.ts'
import { readSession } from './read-session.ts'
import { refused } from './refused.ts'
import type {
  FlashMessage,
  FlashOptions,
  LoadOptions,
  LoginOptions,
  LogoutOptions,
  RenewOptions,
  Session,
  SessionAttributes,
  SessionLifetime,
} from './session.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionData } from './session-data.ts'
import { keyOf, openState, storedFields } from './session-state.ts'
import { type ChangeMaker, layChanges } from './session-writer.ts'
import { endField, isSystemField } from './system-fields.ts'
import { hashId, newId } from './token.ts'
import { attributesOf, checkUserId } from './user-index.ts'
import { takeChanges, writeSession } from './write-session.ts'

/** A session that nobody has read yet. */
export function openSession<Data extends object, Message>(
  context: SessionContext,
  text: string | undefined,
): Session<Data, Message> {
  const { ring, now } = context
  const state = openState(context, text)
  let loading: Promise<void> | undefined
  let writing: Promise<unknown> | undefined

  const load = (options: LoadOptions = {}): Promise<void> => {
    loading ??= readSession(context, state, options).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  /** The data, for those who cannot wait for it. */
  const loaded = (operation: string): SessionData => {
    if (state.data === undefined) throw refused('session-not-loaded', operation)
    return state.data
  }

  const checkOpen = (operation: string) => {
    if (state.isSealed) throw refused('session-sealed', operation)
  }

  /** The data after `load()`, for those who are about to write. */
  const writable = async (operation: string): Promise<SessionData> => {
    checkOpen(operation)
    if (state.data === undefined) await load()
    return loaded(operation)
  }

  /**
   * Runs what writes, a load that it needs included. Whoever comes later can wait for it, whether its caller does or not: when a
   * commit is done everything before it is stored, and the token is the one the cookie should carry.
   */
  const track = <T>(work: (earlier: Promise<unknown> | undefined) => Promise<T>): Promise<T> => {
    const running = work(writing)
    writing = Promise.all([writing, running.catch(() => {})])
    return running
  }

  /** Stores what was changed; `undefined` if nothing was. */
  function store(operation: string): Promise<void> | undefined {
    if (state.data === undefined) return undefined
    const taken = takeChanges(state, state.data)
    const isWanted = state.nextId !== undefined && state.standing.at === 'visitor'
    if (taken.isEmpty && !isWanted) return undefined
    const stored = state.isSealed
      ? Promise.reject(refused('session-sealed', operation))
      : writeSession(context, state, taken.changes, operation)
    return stored.catch((error: unknown) => {
      taken.restore()
      throw error
    })
  }

  const commit = () =>
    track(async (earlier) => {
      await store('session.commit')
      await earlier
    })

  const seal = (): Promise<void> | undefined => {
    let stored: Promise<void> | undefined
    try {
      stored = store('session.commit')
    } catch (error) {
      stored = Promise.reject(error)
    }
    state.isSealed = true
    state.data?.seal()
    if (stored === undefined && writing === undefined) return undefined
    return track(async (earlier) => {
      await stored
      await earlier
    })
  }

  const update = (field: string, change: (current: unknown) => unknown): Promise<unknown> =>
    track(async () => {
      if (typeof field !== 'string') throw misuse(new TypeError('the field of an update must be a string'))
      if (isSystemField(field)) throw misuse(new TypeError('the name of a field must not begin with U+0000'))
      if (typeof change !== 'function') throw misuse(new TypeError('the change of an update must be a function'))
      const data = await writable('session.update')
      // An uncommitted change of the same field goes along: `change` builds upon it.
      const own = data.takeChanges(field)
      // Looked at, so that damage to it is reported.
      void data.fields[field]
      let text: string | undefined
      const changes: ChangeMaker = (fields) => {
        const value = change(data.valueIn(own.size === 0 ? fields : layChanges(new Map(fields), own), field))
        if (value instanceof Promise) throw misuse(new TypeError('the change of an update must be synchronous'))
        text = value === undefined ? undefined : stringify(value, `session.data.${field}`)
        return new Map([[field, text]])
      }
      try {
        await writeSession(context, state, changes, 'session.update')
      } catch (error) {
        data.restoreChanges(own)
        throw error
      }
      return data.replace(field, text)
    })

  const renew = ({ grace = context.grace }: RenewOptions = {}): Promise<void> =>
    track(async (earlier) => {
      // No pointer outlives the longest session.
      const span = grace === false ? false : Math.min(parseDuration(grace, 'grace'), context.absolute)
      const data = await writable('session.renew')
      await earlier
      await moveToNewId(context, state, data, 'session.renew', { grace: span })
    })

  const setLifetime = (lifetime: SessionLifetime): Promise<void> =>
    track(async (earlier) => {
      const data = await writable('session.setLifetime')
      await earlier
      await moveToNewId(context, state, data, 'session.setLifetime', { grace: context.grace, lifetime })
    })

  const login = (user: string, attributes: SessionAttributes = {}, { lifetime }: LoginOptions = {}): Promise<void> =>
    track(async (earlier) => {
      checkUserId(user)
      const told = attributesOf(attributes)
      const data = await writable('session.login')
      await earlier
      await moveToUser(context, state, data, user, told, lifetime)
    })

  const leave = (operation: string, keep: unknown): Promise<void> =>
    track(async (earlier) => {
      checkKeep(keep)
      checkOpen(operation)
      await earlier
      await moveToVisitor(context, state, operation, keep)
      loading = Promise.resolve()
    })

  const flash = (message: unknown, options?: FlashOptions): void => {
    checkOpen('session.flash')
    loaded('session.flash')
    state.flashes.push(flashOf(message, options))
  }

  const peekFlash = (queue?: string): readonly FlashMessage<Message>[] => {
    const field = fieldOfQueue(queue)
    loaded('session.peekFlash')
    return messagesOf(waiting(field, storedFields(state).get(field)))
  }

  /** The queue with the messages of it that are not stored yet. */
  const waiting = (field: string, stored: string | undefined): string | undefined => {
    const changes = new Map([[field, stored]])
    addMessages(
      changes,
      new Map(),
      state.flashes.filter((pending) => pending.field === field),
    )
    return changes.get(field)
  }

  const takeFlash = (queue?: string): Promise<readonly FlashMessage<Message>[]> =>
    track(async () => {
      const field = fieldOfQueue(queue)
      await writable('session.takeFlash')
      let taken: string | undefined
      if (storedFields(state).has(field)) {
        const removal: ChangeMaker = (fields, won) => {
          // Behind a login they are the user's, and wait for the user's next page.
          const isOurs = won === undefined
          taken = isOurs ? fields.get(field) : undefined
          return new Map(isOurs ? [[field, undefined]] : [])
        }
        await writeSession(context, state, removal, 'session.takeFlash')
      }
      const messages = messagesOf<Message>(waiting(field, taken))
      state.flashes = state.flashes.filter((pending) => pending.field !== field)
      return messages
    })

  const csrfToken = (): string => {
    loaded('session.csrfToken')
    const { standing } = state
    let key = standing.at === 'left' ? hashId(newId()) : keyOf(standing)
    if (key === undefined) {
      if (state.nextId === undefined) checkOpen('session.csrfToken')
      state.nextId ??= newId()
      key = hashId(state.nextId)
    }
    return issueCsrfToken(ring.csrfKeys[0], key)
  }

  const verifyCsrfToken = (given: unknown): boolean => {
    const { standing } = state
    const ids = standing.at === 'stored' ? [standing.snapshot.key, standing.key] : [keyOf(standing)]
    if (standing.at === 'visitor' && state.nextId !== undefined) ids.push(hashId(state.nextId))
    return (
      standing.at !== 'left' &&
      isCsrfToken(
        ring.csrfKeys,
        ids.filter((id) => id !== undefined),
        given,
      )
    )
  }

  const expireField = (field: string, after: Duration): void => {
    checkOpen('session.expireField')
    if (typeof field !== 'string' || isSystemField(field))
      throw misuse(new TypeError('the field to expire must be the name of a field'))
    const span = parseDuration(after, 'after')
    if (!Number.isFinite(span)) throw misuse(new RangeError('after must be finite'))
    loaded('session.expireField').assign(endField(field), now() + span)
  }

  return {
    load,
    get data() {
      return loaded('session.data').fields as Partial<Data>
    },
    update: update as Session<Data>['update'],
    commit,
    renew,
    setLifetime,
    login,
    logout: ({ keep = [] }: LogoutOptions<Data> = {}) => leave('session.logout', keep),
    destroy: () => leave('session.destroy', []),
    flash,
    peekFlash,
    takeFlash,
    csrfToken,
    verifyCsrfToken,
    expireField,
    seal,
    get token() {
      return state.standing.text
    },
    get expiresAt() {
      return state.standing.text === undefined ? undefined : state.standing.token.ends
    },
    get isNew() {
      return state.standing.text === undefined
    },
    get isLoaded() {
      return state.data !== undefined
    },
    get isDestroyed() {
      return state.isDestroyed
    },
    get userId() {
      return state.standing.at === 'stored' ? state.standing.snapshot.record.user : undefined
    },
    get handle() {
      return state.standing.at === 'stored' ? state.standing.snapshot.record.handle : undefined
    },
    get isPersistent() {
      return state.standing.at === 'stored' ? state.standing.snapshot.record.persistent : undefined
    },
    get endedBecause() {
      return state.endedBecause
    },
    get readFailure() {
      return state.standing.at === 'unread' ? state.standing.error : undefined
    },
  }
}
