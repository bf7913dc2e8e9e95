import { TransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { type FindOptions, findSession, lifeLeft, type Snapshot } from './find-session.ts'
import { stampLength } from './record.ts'
import { refused } from './refused.ts'
import type { FieldChanges } from './session-data.ts'
import type { SessionKeyspace } from './session-keyspace.ts'

/**
 * What one writer wants: given the newest fields, its changes. Called again whenever somebody else was first. `won`: the fields that a
 * login between has set, and which win over what was merely assigned.
 */
export type ChangeMaker = (fields: ReadonlyMap<string, string>, won?: ReadonlySet<string>) => FieldChanges

/**
 * Writes sessions with `compareAndSet`, so that no writer undoes another's work. While a write of a session is under way, the
 * writers of that session who come meanwhile gather, and leave together as one write (as databases do with their log).
 */
export interface SessionWriter {
  /**
   * Lays the changes on the session, which was last seen as `base`, and gives what was stored.
   * Rejects with `session-ended` if it is gone, `conflict` or `timeout` if the deadline passed, or with what `changes` threw.
   */
  write(base: Snapshot, changes: ChangeMaker, operation: string): Promise<Snapshot>
}

interface Pending {
  readonly base: Snapshot
  readonly changes: ChangeMaker
  readonly operation: string
  readonly resolve: (snapshot: Snapshot) => void
  readonly reject: (error: unknown) => void
  /** Whether a write that carries it is on its way. */
  sent: boolean
  conflicts: number
  /** Whether its caller has been answered. */
  settled: boolean
}

export function createSessionWriter(keyspace: SessionKeyspace, now: () => Milliseconds): SessionWriter {
  const waiting = new Map<string, Pending[]>()

  async function drain(key: string, queue: Pending[]): Promise<void> {
    let known: Snapshot | undefined
    while (queue.length > 0) {
      const group = queue.splice(0)
      // Whoever wrote last in this process knows best; else whoever loaded last.
      known = await send(group, known ?? (group.at(-1) as Pending).base)
    }
    waiting.delete(key)
  }

  /** Writes the group and answers its writers; gives what was stored, if anything was. */
  async function send(group: readonly Pending[], base: Snapshot): Promise<Snapshot | undefined> {
    try {
      return await writeGroup(group, base)
    } catch (error) {
      // Whose change is too large fails by itself, and not those it would have left with.
      if (group.length > 1 && (error as Partial<TransientError>).code === 'too-large')
        for (const pending of group) await send([pending], pending.base)
      else for (const pending of group) settle(pending, () => pending.reject(error))
      return undefined
    }
  }

  async function writeGroup(group: readonly Pending[], base: Snapshot): Promise<Snapshot | undefined> {
    let current = base
    for (;;) {
      const fields = new Map(current.record.fields)
      const writers = group.filter((pending) => !pending.settled && join(pending, fields, current.won))
      const [first] = writers
      if (first === undefined) return undefined
      const left = lifeLeft(current.record, now())
      if (left <= 0) throw refused('session-ended', first.operation, current.key)
      const record = { ...current.record, fields }
      const bytes = keyspace.records.encode(record, current.key)
      for (const pending of writers) pending.sent = true
      if (await keyspace.compareAndSet(current.key, current.bytes, bytes, left, { stamp: stampLength })) {
        const stored = { ...current, bytes, record }
        for (const pending of writers) settle(pending, () => pending.resolve(stored))
        return stored
      }
      for (const pending of writers) {
        pending.sent = false
        pending.conflicts++
      }
      // They had loaded before, so a login that came between takes their changes along.
      current = await readAgain(keyspace, current.key, now(), first.operation, { throughLogin: true })
    }
  }

  return {
    write: (base, changes, operation) => {
      let pending: Pending | undefined
      const work = new Promise<Snapshot>((resolve, reject) => {
        pending = { base, changes, operation, resolve, reject, sent: false, conflicts: 0, settled: false }
        const queue = waiting.get(base.key)
        if (queue !== undefined) queue.push(pending)
        else {
          const started = [pending]
          waiting.set(base.key, started)
          void drain(base.key, started)
        }
      })
      return keyspace.bound(work, () => late(pending as Pending))
    },
  }
}

/** Lays changes on the fields. */
export function layChanges(fields: Map<string, string>, changes: FieldChanges): Map<string, string> {
  for (const [name, text] of changes) {
    if (text === undefined) fields.delete(name)
    else fields.set(name, text)
  }
  return fields
}

/** Lays a writer's changes on the fields. One that throws is answered at once, and the others go on without it. */
function join(pending: Pending, fields: Map<string, string>, won: ReadonlySet<string> | undefined): boolean {
  try {
    layChanges(fields, pending.changes(fields, won))
    return true
  } catch (error) {
    settle(pending, () => pending.reject(error))
    return false
  }
}

function settle(pending: Pending, answer: () => void): void {
  pending.settled = true
  answer()
}

/** The error of a writer whose time is over; it is left out of the writes that have not been sent yet. */
function late(pending: Pending): TransientError {
  pending.settled = true
  const { operation, sent, conflicts, base } = pending
  const code = conflicts > 0 && !sent ? 'conflict' : 'timeout'
  return new TransientError(code, { operation, key: base.key, applied: sent ? 'unknown' : 'no' })
}

/** The newest state of a session that was seen before; rejects if it is gone or cannot be read. */
export async function readAgain(
  keyspace: SessionKeyspace,
  key: string,
  now: Milliseconds,
  operation: string,
  options?: FindOptions,
): Promise<Snapshot> {
  const finding = await findSession(keyspace, key, now, options)
  if (finding.state === 'found') return finding.snapshot
  throw refused(finding.state === 'unreadable' ? 'session-unreadable' : 'session-ended', operation, key)
}
