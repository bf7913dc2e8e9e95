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
export { commitSession } from './lib/commit-session.ts'
export { sessionOf } from './lib/request-session.ts'
export { type SessionPluginOptions, sessionPlugin } from './lib/session-plugin.ts'
export { type VerifyCsrfOptions, verifyCsrf } from './lib/verify-csrf.ts'
