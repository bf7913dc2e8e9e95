import type { IncomingMessage } from 'node:http'
import { nodeRequestReader, type RequestReader, type TrustProxy } from '@transient/http'

/** What options of ours are asked about: a request of Express 4 or 5, said without their types. */
export interface ExpressRequest extends IncomingMessage {
  /** Of the URL, without the query; within a router without where that is mounted. */
  readonly path: string
  readonly originalUrl: string
  readonly baseUrl: string
  readonly secure: boolean
}

type Trust = (address: string | undefined, hop: number) => boolean
type WithApp = IncomingMessage & { readonly app?: { get(name: string): unknown } }

/** Reads requests as the application is told to by its setting `trust proxy`, unless our option says otherwise. */
export function expressRequestReader(
  trustProxy: TrustProxy<ExpressRequest> = isTrusted,
): RequestReader<ExpressRequest> {
  return nodeRequestReader(trustProxy)
}

function isTrusted({ app, socket }: WithApp): boolean {
  const trust = app?.get('trust proxy fn')
  return typeof trust === 'function' && (trust as Trust)(socket.remoteAddress, 0)
}
