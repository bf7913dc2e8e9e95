export { type CsrfGuard, type CsrfOptions, type CsrfProblem, createCsrfGuard } from './lib/csrf.ts'
export { type CsrfCheckOptions, createCsrfCheck } from './lib/csrf-check.ts'
export { type CsrfError, type CsrfRefusal, csrfError, csrfRefusal } from './lib/csrf-refusal.ts'
export { withFailureStatus } from './lib/failure-status.ts'
export { dropHeaders } from './lib/held-response.ts'
export type { OriginOptions, OriginProblem } from './lib/own-origin.ts'
export { nodeRequestReader, type RequestReader, type TrustProxy, webRequestReader } from './lib/request-reader.ts'
export { createRequestSessions, type RequestSession, type RequestSessionOptions } from './lib/request-session.ts'
export { nodeHeaders, webHeaders } from './lib/response-headers.ts'
export { type SessionUpgradeOptions, sessionAtUpgrade } from './lib/session-at-upgrade.ts'
export type { SessionCookieOptions } from './lib/session-cookie.ts'
export {
  addSessionHeaders,
  askForSession,
  commitExchange,
  createSessionFront,
  type HeaderAccess,
  type SessionExchange,
  type SessionFront,
  type SessionFrontOptions,
  type SessionLoad,
  type StoreDown,
} from './lib/session-exchange.ts'
export { createSessionHandler, type SessionHandler, type SessionHandlerOptions } from './lib/session-handler.ts'
export {
  createSessionLifecycle,
  exchangeOf,
  lifecycleOf,
  openExchange,
  type SessionLifecycle,
  type SessionLifecycleOptions,
  sessionOf,
} from './lib/session-lifecycle.ts'
export { csrfHandlerOf, type VerifyCsrfOptions, verifyCsrf } from './lib/verify-csrf.ts'
