export type {
  CsrfError,
  CsrfProblem,
  SessionCookieOptions,
  SessionLoad,
  SessionUpgradeOptions,
  StoreDown,
  TrustProxy,
} from '@transient/http'
export { sessionAtUpgrade } from '@transient/http'
export { sessionOf } from './lib/context-session.ts'
export { type SessionEnv, type SessionMiddlewareOptions, sessionMiddleware } from './lib/session-middleware.ts'
export { type VerifyCsrfOptions, verifyCsrf } from './lib/verify-csrf.ts'
