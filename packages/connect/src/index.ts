export type { ConnectProblem } from './lib/connect-events.ts'
export { type ConnectStoreOptions, createConnectStore } from './lib/connect-store.ts'
export type { ConnectStore } from './lib/store-protocol.ts'
export { type TakeSessionOptions, takeSession } from './lib/take-session.ts'
