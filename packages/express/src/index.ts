export type { SessionCookieOptions, SessionLoad } from '@transient/http'
export { sessionOf } from '@transient/http'
export { type SessionMiddleware, type SessionMiddlewareOptions, sessionMiddleware } from './lib/session-middleware.ts'
