import { misuse } from '../store/checks.ts'
import { TransientError } from '../store/errors.ts'
import type { SessionContext } from './session-context.ts'
import { endedChannel } from './session-events.ts'
import { checkUserId, type IndexEntry, type ReadIndex } from './user-index.ts'
import type { RevokeOptions, UserSession, UserSessionsOptions } from './user-sessions.ts'

/** The live sessions of a user, the last seen first. */
export async function listSessions(
  { users }: SessionContext,
  user: string,
  { current }: UserSessionsOptions = {},
): Promise<UserSession[]> {
  checkUserId(user)
  const operation = 'sessions.ofUser'
  const index = whole(await users.read(user, operation), operation)
  const seen = await users.lastSeen(index.entries)
  const live = index.entries.flatMap((entry, at) => {
    const lastSeenAt = seen[at]
    return lastSeenAt === undefined ? [] : [{ entry, lastSeenAt }]
  })
  if (live.length < index.entries.length) {
    const entries = live.map(({ entry }) => entry)
    // Tidying, for which a list that has changed meanwhile, or a store that takes no writes, is no reason to show nothing.
    await users.change(index, (newest) => (newest === index ? entries : undefined), operation).catch(() => {})
  }
  return live
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt)
    .map(({ entry: { handle, created, ends, attributes }, lastSeenAt }) => ({
      handle,
      createdAt: created,
      lastSeenAt,
      expiresAt: ends,
      attributes,
      isCurrent: handle === current?.handle,
    }))
}

/** Ends what is listed, and then takes it off the list: who was listed meanwhile is seen because the list has changed. */
export async function revokeSessions(
  { users }: SessionContext,
  user: string,
  { except, only }: RevokeOptions = {},
): Promise<void> {
  checkUserId(user)
  const spared = handleOf(except, 'except')
  const chosen = handleOf(only, 'only')
  if (spared !== undefined && chosen !== undefined)
    throw misuse(new TypeError('except and only cannot be given together'))
  const isMeant = ({ handle }: IndexEntry) => (chosen === undefined ? handle !== spared : handle === chosen)
  const operation = 'sessions.revoke'
  const end = async (index: ReadIndex) => {
    const ended = whole(index, operation).entries.filter(isMeant)
    if (ended.length === 0) return undefined
    await users.end(ended)
    for (const { keys } of ended) endedChannel.publish({ id: keys[0] as string, reason: 'revoked' })
    return index.entries.filter((entry) => !isMeant(entry))
  }
  await users.change(await users.read(user, operation), end, operation)
}

function whole(index: ReadIndex, operation: string): ReadIndex {
  if (!index.isCorrupt) return index
  throw new TransientError('decode', { operation, key: index.key, message: 'the list of sessions is damaged' })
}

function handleOf(given: unknown, option: string): string | undefined {
  if (given === undefined) return undefined
  const handle = typeof given === 'object' && given !== null ? (given as { handle?: unknown }).handle : given
  // A session without a handle, an anonymous one, would spare nobody, which is not what was meant.
  if (typeof handle !== 'string') throw misuse(new TypeError(`${option} must be a handle, or the session of a user`))
  return handle
}
