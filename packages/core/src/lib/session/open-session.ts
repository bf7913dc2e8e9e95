import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import { parseDuration } from '../store/duration.ts'
import { endSession } from './end-session.ts'
import { findSession, lifeLeft, type Snapshot } from './find-session.ts'
import { encodeRecord } from './record.ts'
import { renewSession } from './renew-session.ts'
import type { RenewOptions, Session, SessionEnd } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { createSessionData, parseField, type SessionData } from './session-data.ts'
import { corruptChannel, unreadableChannel } from './session-events.ts'
import { type ChangeMaker, layChanges, readAgain, refused } from './session-writer.ts'
import { hashId, newId, type SessionToken } from './token.ts'

/** Where a session stands. Everything it can do follows from this. */
type Standing =
  /** Nothing is stored for this visitor. */
  | { readonly at: 'visitor'; readonly text?: undefined }
  /** A token of ours came along; nothing was read yet. */
  | { readonly at: 'token'; readonly token: SessionToken; readonly text: string; readonly current: boolean }
  | { readonly at: 'stored'; readonly token: SessionToken; readonly text: string; readonly snapshot: Snapshot }
  /** What is stored is damaged, and the next write replaces it. */
  | {
      readonly at: 'corrupt'
      readonly token: SessionToken
      readonly text?: undefined
      readonly key: string
      readonly bytes: Uint8Array
    }
  /** What is stored is not to be touched, so there is nothing to write either. */
  | { readonly at: 'unreadable'; readonly text?: undefined; readonly key: string }

export function openSession<Data extends object>(context: SessionContext, text: string | undefined): Session<Data> {
  const { keyspace, ring, writer, now } = context
  let standing: Standing = { at: 'visitor' }
  let endedBecause: SessionEnd | undefined
  let data: SessionData | undefined
  let loading: Promise<void> | undefined
  let creating: Promise<void> | undefined
  let writing: Promise<unknown> | undefined
  let isDestroyed = false
  let isSealed = false

  if (typeof text === 'string' && text !== '') {
    const verdict = ring.verify(text)
    if (typeof verdict === 'string') endedBecause = verdict
    else standing = { at: 'token', text, ...verdict }
  }

  const show = (fields: ReadonlyMap<string, string>, id?: string) => {
    data = createSessionData(fields, (field) => {
      if (id !== undefined) corruptChannel.publish({ id, field })
    })
    if (isSealed) data.seal()
  }
  const becomeVisitor = (reason: SessionEnd) => {
    standing = { at: 'visitor' }
    endedBecause = reason
    show(new Map())
  }

  async function read(): Promise<void> {
    const before = standing
    if (before.at !== 'token') return show(new Map())
    const { token, text, current } = before
    const time = now()
    const life = lifeLeft(token, time)
    if (life <= 0) return becomeVisitor('expired')
    const key = hashId(token.id)
    const finding = await findSession(keyspace, key, time, life)
    // Destroyed while it was read: what was read is of the past.
    if (standing !== before) return
    if (finding.state === 'found') {
      const { snapshot } = finding
      // A shorter absolute timeout holds for the sessions that began under a longer one, too.
      const ends = Math.min(token.ends, snapshot.record.created + context.absolute)
      if (ends <= time) return becomeVisitor('expired')
      // Through a pointer the cookie stays as it is: whoever renewed sets it.
      const isOwn = snapshot.key === key
      standing = {
        at: 'stored',
        token: { ...token, ends },
        text: current || !isOwn ? text : ring.sign(token),
        snapshot,
      }
      return show(snapshot.record.fields, snapshot.key)
    }
    becomeVisitor(finding.state)
    if (finding.state === 'corrupt') {
      corruptChannel.publish({ id: finding.key })
      standing = { at: 'corrupt', token, key: finding.key, bytes: finding.bytes }
    } else if (finding.state === 'unreadable') {
      unreadableChannel.publish({ id: key })
      standing = { at: 'unreadable', key }
    }
  }

  const load = (): Promise<void> => {
    loading ??= read().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }

  /** The data after `load()`, for those who are about to write. */
  const writable = async (operation: string): Promise<SessionData> => {
    if (isSealed) throw refused('session-sealed', operation)
    if (data === undefined) await load()
    return data as SessionData
  }

  async function write(changes: ChangeMaker, operation: string): Promise<void> {
    // Two first writes at once must not become two sessions.
    while (creating !== undefined) await creating.catch(() => {})
    if (standing.at === 'unreadable') throw refused('session-unreadable', operation, standing.key)
    if (standing.at === 'stored') {
      const before = standing
      const snapshot = await writer.write(before.snapshot, changes, operation)
      if (standing.at === 'stored' && standing.token === before.token) {
        standing = { ...standing, snapshot }
        data?.rebase(snapshot.record.fields)
      }
      return
    }
    creating = create(changes, operation).finally(() => {
      creating = undefined
    })
    return creating
  }

  async function create(changes: ChangeMaker, operation: string): Promise<void> {
    const time = now()
    const damaged = standing.at === 'corrupt' ? standing : undefined
    const token = damaged?.token ?? { id: newId(), idle: context.idle, ends: time + context.absolute }
    const key = damaged?.key ?? hashId(token.id)
    const fields = layChanges(new Map(), changes)
    if (fields.size === 0) return
    const life = lifeLeft(token, time)
    if (life <= 0) throw refused('session-ended', operation, key)
    const record = { kind: 'session', created: time, ends: token.ends, idle: token.idle, fields } as const
    let snapshot: Snapshot = { key, bytes: encodeRecord(record), record }
    const isCreated = await keyspace.compareAndSet(key, damaged?.bytes ?? null, snapshot.bytes, life)
    if (!isCreated) {
      if (damaged === undefined) throw refused('conflict', operation, key)
      // Somebody else has replaced the damaged one.
      snapshot = await writer.write(await readAgain(keyspace, key, now(), operation), changes, operation)
    }
    standing = { at: 'stored', token, text: ring.sign(token), snapshot }
    endedBecause = undefined
    data?.rebase(snapshot.record.fields)
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
  function store(operation: string, shown: SessionData): Promise<void> | undefined {
    const changes = shown.takeChanges()
    if (changes.size === 0) return undefined
    const stored = isSealed ? Promise.reject(refused('session-sealed', operation)) : write(() => changes, operation)
    return stored.catch((error: unknown) => {
      shown.restoreChanges(changes)
      throw error
    })
  }

  const commit = () =>
    track(async (earlier) => {
      if (data !== undefined) await store('session.commit', data)
      await earlier
    })

  const seal = (): Promise<void> | undefined => {
    let stored: Promise<void> | undefined
    try {
      stored = data && store('session.commit', data)
    } catch (error) {
      stored = Promise.reject(error)
    }
    isSealed = true
    data?.seal()
    if (stored === undefined && writing === undefined) return undefined
    return track(async (earlier) => {
      await stored
      await earlier
    })
  }

  const update = (field: string, change: (current: unknown) => unknown): Promise<unknown> =>
    track(async () => {
      if (typeof field !== 'string') throw misuse(new TypeError('the field of an update must be a string'))
      if (typeof change !== 'function') throw misuse(new TypeError('the change of an update must be a function'))
      const shown = await writable('session.update')
      // An uncommitted change of the same field goes along: `change` builds upon it.
      const own = shown.takeChanges(field)
      // Looked at, so that damage to it is reported.
      void shown.fields[field]
      let text: string | undefined
      const changes: ChangeMaker = (fields) => {
        const value = change(parseField(own.has(field) ? own.get(field) : fields.get(field)))
        if (value instanceof Promise) throw misuse(new TypeError('the change of an update must be synchronous'))
        text = value === undefined ? undefined : stringify(value, `session.data.${field}`)
        return new Map([[field, text]])
      }
      try {
        await write(changes, 'session.update')
      } catch (error) {
        shown.restoreChanges(own)
        throw error
      }
      return shown.replace(field, text)
    })

  const renew = (options: RenewOptions = {}): Promise<void> =>
    track(async (earlier) => {
      // No pointer outlives the longest session.
      const grace =
        options.grace === false
          ? false
          : Math.min(parseDuration(options.grace ?? context.grace, 'grace'), context.absolute)
      const shown = await writable('session.renew')
      await earlier
      if (standing.at === 'corrupt') {
        await keyspace.compareAndSet(standing.key, standing.bytes, null)
        standing = { at: 'visitor' }
      }
      if (standing.at !== 'stored') return store('session.renew', shown)
      const { token, snapshot: old } = standing
      const changes = shown.takeChanges()
      try {
        const renewed = { ...token, id: newId() }
        const key = hashId(renewed.id)
        const snapshot = await renewSession(context, old, key, changes, grace)
        // Otherwise somebody else renewed it, and sets the cookie.
        const isOurs = snapshot.key === key
        standing = isOurs
          ? { ...standing, token: renewed, text: ring.sign(renewed), snapshot }
          : { ...standing, snapshot }
        shown.rebase(snapshot.record.fields)
      } catch (error) {
        shown.restoreChanges(changes)
        throw error
      }
    })

  const destroy = (): Promise<void> =>
    track(async (earlier) => {
      if (isSealed) throw refused('session-sealed', 'session.destroy')
      await earlier
      const key = keyOf(standing)
      if (key !== undefined) {
        await endSession(keyspace, key)
        isDestroyed = true
      }
      becomeVisitor('logged-out')
      loading = Promise.resolve()
    })

  return {
    load,
    get data() {
      if (data === undefined) throw refused('session-not-loaded', 'session.data')
      return data.fields as Partial<Data>
    },
    update: update as Session<Data>['update'],
    commit,
    renew,
    destroy,
    seal,
    get token() {
      return standing.text
    },
    get expiresAt() {
      return standing.text === undefined ? undefined : standing.token.ends
    },
    get isNew() {
      return standing.text === undefined
    },
    get isLoaded() {
      return data !== undefined
    },
    get isDestroyed() {
      return isDestroyed
    },
    get endedBecause() {
      return endedBecause
    },
  }
}

/** The hashed id of what is stored, if anything is. */
function keyOf(standing: Standing): string | undefined {
  if (standing.at === 'stored') return standing.snapshot.key
  if (standing.at === 'token') return hashId(standing.token.id)
  return standing.at === 'visitor' ? undefined : standing.key
}
