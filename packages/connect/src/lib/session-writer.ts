import type { Codec } from '@transient/core'
import { type Milliseconds, TransientError, type TransientStore } from '@transient/core/store'
import type { KnownSession } from './known-sessions.ts'
import { changedFields, decodeSession, mergeSessions } from './stored-session.ts'

/** Stores the sessions whose version is known, so that no writer undoes another's work and none brings back what was destroyed. */
export interface SessionWriter {
  /**
   * Stores `mine`. Rejects with `session-ended` if the session is gone and this would lose a change, `conflict` or `timeout` if it could not be
   * stored within the deadline.
   */
  write(known: KnownSession, mine: Uint8Array, ttl: Milliseconds): Promise<void>
}

/** The writers of one session in this process, one behind the other: among themselves they meet no conflict. */
interface Line {
  tail: Promise<unknown>
  waiting: number
  /** What the last of them stored. */
  latest: Uint8Array | undefined
}

/** One writer, until its caller is answered. */
interface Turn {
  /** Nothing is sent after this moment. */
  due: Milliseconds
  sent: boolean
  conflicts: number
}

export function createSessionWriter(
  store: TransientStore,
  codec: Codec<unknown>,
  deadline: Milliseconds,
): SessionWriter {
  const lines = new Map<string, Line>()

  async function attempt(known: KnownSession, mine: Uint8Array, ttl: Milliseconds, line: Line, turn: Turn) {
    const { sid } = known
    let newest = known.stored === undefined ? undefined : (line.latest ?? known.stored)
    for (;;) {
      if (performance.now() >= turn.due) throw late(turn)
      // What was not loaded is new: its id is known to nobody else, and there is nothing to lay it on.
      const next = newest === undefined || newest === known.base ? mine : lay(known, mine, newest)
      turn.sent = true
      const stored =
        newest === undefined
          ? await store.set(sid, next, ttl).then(() => true)
          : await store.compareAndSet(sid, newest, next, ttl)
      if (stored) {
        known.base = mine
        known.stored = next
        line.latest = next
        return
      }
      turn.sent = false
      turn.conflicts++
      newest = await store.get(sid).catch((error: unknown) => {
        throw (error as TransientError).code === 'timeout' ? late(turn) : error
      })
      if (newest === undefined) return refuse(known, mine)
    }
  }

  function lay({ sid, base }: KnownSession, mine: Uint8Array, newest: Uint8Array): Uint8Array {
    const read = (bytes: Uint8Array) => decodeSession(codec, bytes, sid)
    return codec.encode(mergeSessions(read(newest), read(base as Uint8Array), read(mine)))
  }

  /** A session that ended meanwhile. Who only read it, and would have put the cookie's expiry off, loses nothing by that. */
  function refuse({ sid, base }: KnownSession, mine: Uint8Array): void {
    const before = decodeSession(codec, base as Uint8Array, sid)
    if (changedFields(before, decodeSession(codec, mine, sid)).length === 0) return
    throw new TransientError('session-ended', { operation: 'set', applied: 'no' })
  }

  return {
    write: (known, mine, ttl) => {
      const line = lines.get(known.sid) ?? { tail: Promise.resolve(), waiting: 0, latest: undefined }
      lines.set(known.sid, line)
      line.waiting++
      const turn: Turn = { due: performance.now() + deadline, sent: false, conflicts: 0 }
      const work = line.tail.then(() => attempt(known, mine, ttl, line, turn))
      line.tail = work
        .catch(() => {})
        .then(() => {
          line.waiting--
          if (line.waiting === 0) lines.delete(known.sid)
        })
      return within(deadline, work, turn)
    },
  }
}

/** Rejects when the time is over, the wait for others included. What has not been sent by then is not sent any more. */
function within(deadline: Milliseconds, work: Promise<void>, turn: Turn): Promise<void> {
  return new Promise((resolve, reject) => {
    // After a stall of the event loop the answer may be in already: it is read before anyone is told of a timeout.
    const timer = setTimeout(() => setImmediate(giveUp), deadline)
    const giveUp = () => {
      turn.due = 0 // Timers can be early.
      reject(late(turn))
    }
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function late({ sent, conflicts }: Turn): TransientError {
  const code = conflicts > 0 && !sent ? 'conflict' : 'timeout'
  return new TransientError(code, { operation: 'set', applied: sent ? 'unknown' : 'no' })
}
