export type {
  CsrfError,
  CsrfProblem,
  SessionCookieOptions,
  SessionLoad,
  SessionUpgradeOptions,
  StoreDown,
  TrustProxy,
} from '@transient/http'
export { sessionAtUpgrade, sessionOf } from '@transient/http'
export type { ExpressRequest } from './lib/express-request.ts'
export { type SessionMiddleware, type SessionMiddlewareOptions, sessionMiddleware } from './lib/session-middleware.ts'
export { type VerifyCsrfOptions, verifyCsrf } from './lib/verify-csrf.ts'
