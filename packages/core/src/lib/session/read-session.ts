import { isTransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { findSession, lifeLeft } from './find-session.ts'
import type { StoredSession } from './record.ts'
import type { LoadOptions } from './session.ts'
import type { SessionContext } from './session-context.ts'
import { corruptChannel, failedChannel, refusedChannel, unreadableChannel } from './session-events.ts'
import { longestCookieLife } from './session-lifetime.ts'
import { becomeVisitor, type SessionState, showFields } from './session-state.ts'

/** Reads what the token leads to: one command, and none without a token. */
export async function readSession(
  context: SessionContext,
  state: SessionState,
  { storeDown = 'throw' }: LoadOptions,
): Promise<void> {
  const { standing } = state
  if (standing.at !== 'token') {
    showFields(state, new Map())
    return
  }
  try {
    await readToken(context, state, standing)
  } catch (error) {
    if (storeDown !== 'anonymous' || !isTransientError(error) || state.standing !== standing) throw error
    state.standing = { ...standing, at: 'unread', error }
    failedChannel.publish({ code: error.code, operation: error.operation })
    showFields(state, new Map())
  }
}

async function readToken(
  context: SessionContext,
  state: SessionState,
  standing: SessionState['standing'] & { at: 'token' },
): Promise<void> {
  const { keyspace, ring, touchIsDue, now } = context
  const { token, key, text, current } = standing
  const time = now()
  const life = lifeLeft(token, time)
  const touch = touchIsDue(key, time, token.idle) ? life : undefined
  const finding = life <= 0 ? ({ state: 'expired' } as const) : await findSession(keyspace, key, time, { touch })
  // Destroyed while it was read: what was read is of the past.
  if (state.standing !== standing) return
  if (finding.state === 'found') {
    const { snapshot } = finding
    const { record } = snapshot
    const end = endOf(context, record)
    if (end <= time) return refuse(state, 'expired', key)
    // Through a pointer the cookie stays as it is: whoever renewed sets it.
    const isOwn = snapshot.key === key
    const isToSign = isOwn && (!current || isHalfOver(token.ends, end, time))
    const next = { ...token, ends: isToSign ? cookieEnd(end, time) : Math.min(token.ends, end) }
    // The old token was the bound of what it could prolong, and may be from before the lifetime was changed.
    const left = lifeLeft(isOwn ? next : { idle: record.idle, ends: end }, time)
    if (touch !== undefined && (isOwn ? left > life : left !== life)) await keyspace.get(snapshot.key, { touch: left })
    if (state.standing !== standing) return
    state.standing = { at: 'stored', token: next, text: isToSign ? ring.sign(next) : text, key, snapshot }
    showFields(state, record.fields, snapshot.key)
    return
  }
  if (finding.state === 'corrupt') {
    corruptChannel.publish({ id: finding.key })
    becomeVisitor(state, 'corrupt', { at: 'corrupt', token, key: finding.key, bytes: finding.bytes })
  } else if (finding.state === 'unreadable') {
    unreadableChannel.publish({ id: key })
    becomeVisitor(state, 'unreadable', { at: 'unreadable', key })
  } else if (finding.state === 'renewed' && finding.isFresh) {
    becomeVisitor(state, 'renewed', { at: 'left', key })
  } else refuse(state, finding.state, key)
}

function refuse(state: SessionState, reason: 'expired' | 'revoked' | 'renewed', id: string): void {
  refusedChannel.publish({ id, reason })
  becomeVisitor(state, reason)
}

/** The absolute end of a session: a shorter timeout of the store holds for those that began under a longer one, too. */
export function endOf({ absolute }: SessionContext, { own, created, ends }: StoredSession): Milliseconds {
  return own ? ends : Math.min(ends, created + absolute)
}

/** The end that a token can have, whose cookie a browser does not keep for ever. */
export function cookieEnd(end: Milliseconds, now: Milliseconds): Milliseconds {
  return Math.min(end, now + longestCookieLife)
}

/** Whether the session lives longer than its cookie, and half of the cookie's life is over. */
function isHalfOver(tokenEnd: Milliseconds, end: Milliseconds, now: Milliseconds): boolean {
  return end > tokenEnd && tokenEnd - now < longestCookieLife / 2
}
