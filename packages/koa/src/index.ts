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
export type { KoaContext, SessionContext } from './lib/koa-context.ts'
export {
  type KoaMiddleware,
  type SessionMiddlewareOptions,
  sessionMiddleware,
  sessionOf,
} from './lib/session-middleware.ts'
export { type VerifyCsrfOptions, verifyCsrf } from './lib/verify-csrf.ts'
