export type { SessionCookieOptions } from './lib/session-cookie.ts'
export {
  createSessionLifecycle,
  type SessionLifecycle,
  type SessionLifecycleOptions,
  type SessionLoad,
  sessionOf,
} from './lib/session-lifecycle.ts'
