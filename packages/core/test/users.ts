import type { Session, SessionAttributes } from '@transient/core'
import type { Shop, ShopUnderTest } from './shop.ts'

/** A browser in which a user logged in. */
export interface LoggedIn {
  readonly session: Session<Shop>
  readonly token: string
  readonly handle: string
}

/** A user logs in, in a browser that holds this token, or none. */
export async function logIn(
  { sessions }: Pick<ShopUnderTest, 'sessions'>,
  user: string,
  { token, attributes, data = {} }: { token?: string; attributes?: SessionAttributes; data?: Partial<Shop> } = {},
): Promise<LoggedIn> {
  const session = await sessions.load(token)
  Object.assign(session.data, data)
  await session.login(user, attributes)
  return { session, token: session.token as string, handle: session.handle as string }
}

/** Who comes with the token: the user, `'anonymous'`, or why there is no session. */
export async function whoIs({ otherSessions }: ShopUnderTest, token: string | undefined): Promise<string | undefined> {
  const session = await otherSessions.load(token)
  return session.isNew ? session.endedBecause : (session.userId ?? 'anonymous')
}

/** The key of a user's list, without the prefix of the store. */
export function listKey(user: string): string {
  return `session:user:${user}`
}

interface Listed {
  readonly handle: string
  readonly keys: readonly string[]
}

/** What a user's list holds, as it is stored. */
export async function listOf(shop: ShopUnderTest, user: string): Promise<readonly Listed[]> {
  const bytes = await shop.otherStore.get(listKey(user))
  if (bytes === undefined) return []
  const text = Buffer.from(bytes).toString()
  return (JSON.parse(text.slice(text.indexOf('\n') + 1)) as { sessions: Listed[] }).sessions
}

/** The keys under which a session of the user is alive. */
export async function livingOf(shop: ShopUnderTest, user: string): Promise<string[]> {
  const found: string[] = []
  for (const [key, latin1] of await shop.dump()) {
    if (key.startsWith('session:user:')) continue
    const text = Buffer.from(latin1, 'latin1').toString()
    const header = JSON.parse(text.split('\n')[1] as string) as { kind: string; user?: string }
    if (header.kind === 'session' && header.user === user) found.push(key.slice('session:'.length))
  }
  return found
}

/** Sessions of the user that are alive, and that no `revoke` could find. There must never be one. */
export async function unlistedOf(shop: ShopUnderTest, user: string): Promise<string[]> {
  const listed = (await listOf(shop, user)).flatMap(({ keys }) => keys)
  return (await livingOf(shop, user)).filter((key) => !listed.includes(key))
}
