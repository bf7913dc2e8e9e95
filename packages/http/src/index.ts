export { tellFailureStatuses, withFailureStatus } from './lib/failure-status.ts'
export { nodeRequestReader, type RequestReader, type TrustProxy, webRequestReader } from './lib/request-reader.ts'
export { nodeHeaders, webHeaders } from './lib/response-headers.ts'
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
export {
  createSessionLifecycle,
  lifecycleOf,
  type SessionLifecycle,
  type SessionLifecycleOptions,
  sessionOf,
} from './lib/session-lifecycle.ts'
