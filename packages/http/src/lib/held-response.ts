import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { disguise, undisguise } from './response-disguise.ts'
import { applyHeaders, nodeHeaders, type ResponseStart, rememberStart, restoreStart } from './response-headers.ts'
import { addSessionHeaders, commitExchange, type SessionExchange } from './session-exchange.ts'

type Verb = 'write' | 'end' | 'writeHead' | 'flushHeaders'
type Call = readonly [verb: Verb, args: unknown[]]
type Callback = (error?: Error | null) => void
type AnyExchange = SessionExchange<object, unknown>
type Send = Record<Verb, (...args: unknown[]) => unknown>

/** What is known of a held response; the functions below are the same for all, so that a request which never asks costs one object. */
interface Held {
  readonly response: HeldServerResponse
  /** The methods as they were before. */
  readonly send: Send
  readonly start: ResponseStart
  readonly departures: Departure[]
  phase: 'waiting' | 'holding' | 'open' | 'dropped'
  statusCode: number
  ended: boolean
  calls: Call[]
  sources: Set<Readable> | undefined
  /** Whether the headers of the error page have what the visitor and caches need. */
  isErrorPageReady: boolean
}

interface Departure {
  readonly exchange: AnyExchange
  /** Takes an error that drops the handler's response; the one to send now is the listener's. */
  readonly failed: (error: unknown) => void
}

const heldKey = Symbol('held')
type HeldServerResponse = ServerResponse & { [heldKey]?: Held }

/**
 * Holds back what a handler sends until its session is committed. Everything a handler can send with goes through four methods (`pipe`,
 * `sendFile`, `redirect` and the rest call them): the calls are kept in order, with their callbacks, and repeated afterwards.
 * Meanwhile the response looks as it would have: `headersSent` is true, a header set now throws, `write` asks to wait for 'drain'.
 * If the commit fails, the handler's response is dropped and `failed` called. Of several exchanges all are committed, at the same time.
 */
export function holdResponse<Data extends object, Message>(
  response: ServerResponse,
  exchange: SessionExchange<Data, Message>,
  failed: (error: unknown) => void,
): void {
  // What is held does not care what the session holds.
  const departure = { exchange: exchange as unknown as AnyExchange, failed }
  const present = (response as HeldServerResponse)[heldKey]
  if (present !== undefined) {
    present.departures.push(departure)
    return
  }
  const held: Held = {
    response,
    // oxlint-disable-next-line typescript/unbound-method -- called with the response, as they would have been
    send: {
      write: response.write,
      end: response.end,
      writeHead: response.writeHead,
      flushHeaders: response.flushHeaders,
    } as unknown as Send,
    start: rememberStart(response),
    departures: [departure],
    phase: 'waiting',
    statusCode: 200,
    ended: false,
    calls: [],
    sources: undefined,
    isErrorPageReady: false,
  }
  held.response[heldKey] = held
  // The methods are in place before anybody needs them, because in `response.end(session.data.name)` the method is looked up first.
  replaceMethods(response, heldMethods)
  response.on('pipe', rememberSource)
}

/** Takes the handler's headers and status off a response whose session could not be committed; what earlier middleware set stays. */
export function dropHeaders(response: ServerResponse): void {
  const held = (response as HeldServerResponse)[heldKey]
  if (held !== undefined && !response.headersSent) restoreStart(response, held.start)
}

function heldOf(response: HeldServerResponse): Held {
  return response[heldKey] as Held
}

function replaceMethods(response: ServerResponse, methods: Send): void {
  // The four have many signatures each, and are handed on with whatever they were given.
  const target = response as unknown as Send
  target.write = methods.write
  target.end = methods.end
  target.writeHead = methods.writeHead
  target.flushHeaders = methods.flushHeaders
}

function rememberSource(this: HeldServerResponse, source: Readable): void {
  const held = heldOf(this)
  held.sources ??= new Set()
  held.sources.add(source)
}

function pass({ send, response }: Held, verb: Verb, args: unknown[]): unknown {
  return send[verb].apply(response, args)
}

/** Whether a call goes straight through: there is nothing to do before the response leaves, or it has left. */
function isFree({ phase, response, departures }: Held): boolean {
  if (phase === 'open') return true
  if (phase !== 'waiting') return false
  if (!response.headersSent) for (const { exchange } of departures) if (exchange.isAsked) return false
  for (const { exchange } of departures) exchange.hasLeft = true
  return true
}

/** Keeps the call for later. `false` if there is nothing to wait for: then it goes through now, as all that follow. */
function hold(held: Held, verb: Verb, args: unknown[]): boolean {
  if (held.phase === 'waiting') {
    const prepared = commitAll(held.departures)
    if (prepared === undefined) {
      held.phase = 'open'
      beforeHeaders(held)
      return false
    }
    held.phase = 'holding'
    held.statusCode = held.response.statusCode
    disguise(held.response, () => held.ended)
    prepared.then(
      (failure) => (failure === undefined ? release(held) : drop(held, failure)),
      (error: unknown) => held.response.destroy(error as Error),
    )
  }
  held.calls.push([verb, args])
  return true
}

interface Failure {
  readonly error: unknown
  readonly failed: Departure['failed']
}

/** Resolves when all are committed, or have failed: with the first failure. */
function commitAll(departures: readonly Departure[]): Promise<Failure | undefined> | undefined {
  let all: Promise<Failure | undefined> | undefined
  for (const { exchange, failed } of departures) {
    const one = commitExchange(exchange)?.then(
      () => undefined,
      (error: unknown) => ({ error, failed }),
    )
    if (one === undefined) continue
    all = all === undefined ? one : both(all, one)
  }
  return all
}

async function both(first: Promise<Failure | undefined>, second: typeof first): Promise<Failure | undefined> {
  const [one, other] = await Promise.all([first, second])
  return one ?? other
}

/** The last chance for headers, before those of a prepared response leave, or those of the error page in place of a dropped one. */
function beforeHeaders({ departures, response }: Held): void {
  for (const { exchange } of departures) addSessionHeaders(exchange, response as ServerResponse, nodeHeaders)
}

function release(held: Held): void {
  const { response, calls } = held
  undisguise(response)
  response.statusCode = held.statusCode
  try {
    beforeHeaders(held)
  } catch (error) {
    return drop(held, { error, failed: (held.departures[0] as Departure).failed })
  }
  held.phase = 'open'
  let flowing = true
  try {
    for (const [verb, args] of calls) {
      const answer = pass(held, verb, args)
      if (verb === 'write') flowing = answer !== false
    }
  } catch (error) {
    // The arguments were looked at when they came, so this is the connection's doing.
    response.destroy(error as Error)
  }
  // If the last write asked to wait, node:http itself says when to go on.
  if (calls.some(([verb]) => verb === 'write') && flowing && !held.ended) process.nextTick(() => response.emit('drain'))
  held.calls = []
}

function drop(held: Held, { error, failed }: Failure): void {
  const { response, calls } = held
  undisguise(response)
  held.phase = 'dropped'
  // From here on the methods belong to the error page; what still comes from the handler's response goes nowhere.
  for (const source of held.sources ?? []) source.unpipe(response)
  restoreStart(response, held.start)
  // Wrappers that were laid around ours belong to the response that is gone, and may regard it as ended: they go, too.
  replaceMethods(response, errorPageMethods)
  failed(error)
  for (const [, args] of calls) refuse(args)
  held.calls = []
}

const heldMethods: Send = {
  write(this: HeldServerResponse, ...args) {
    const held = heldOf(this)
    if (isFree(held)) return pass(held, 'write', args)
    if (held.phase === 'dropped') return refuse(args)
    checkChunk(args[0])
    return hold(held, 'write', args) ? false : pass(held, 'write', args)
  },
  end(this: HeldServerResponse, ...args) {
    const held = heldOf(this)
    if (isFree(held)) return pass(held, 'end', args)
    if (held.phase === 'dropped') refuse(args)
    else {
      if (args[0] !== undefined && args[0] !== null && typeof args[0] !== 'function') checkChunk(args[0])
      if (hold(held, 'end', args)) held.ended = true
      else pass(held, 'end', args)
    }
    return this
  },
  writeHead(this: HeldServerResponse, code: unknown, ...rest) {
    const held = heldOf(this)
    if (isFree(held)) return pass(held, 'writeHead', [code, ...rest])
    if (held.phase === 'dropped') return this
    if (held.phase === 'holding') throw headersSent('write')
    checkStatus(code as number)
    // Set now, so that a wrong header throws where it was given, and ours can be laid beside it later.
    applyHeaders(held.response, rest.find(isObject))
    held.response.statusCode = code as number
    const line = [code, ...rest.filter((part) => typeof part === 'string')]
    if (!hold(held, 'writeHead', line)) pass(held, 'writeHead', line)
    return this
  },
  flushHeaders(this: HeldServerResponse) {
    const held = heldOf(this)
    if (isFree(held)) pass(held, 'flushHeaders', [])
    else if (held.phase !== 'dropped' && !hold(held, 'flushHeaders', [])) pass(held, 'flushHeaders', [])
  },
}

// A handler that has not noticed yet may write on after the error page: to node:http that is an uncaught error.
const errorPageMethods: Send = {
  write(this: HeldServerResponse, ...args) {
    if (this.writableEnded) return refuse(args)
    return pass(errorPageOf(this), 'write', args)
  },
  end(this: HeldServerResponse, ...args) {
    if (this.writableEnded) refuse(args)
    else pass(errorPageOf(this), 'end', args)
    return this
  },
  writeHead(this: HeldServerResponse, code: unknown, ...rest) {
    if (!this.headersSent) applyHeaders(this, rest.find(isObject))
    return pass(errorPageOf(this), 'writeHead', [code, ...rest.filter((part) => typeof part === 'string')])
  },
  flushHeaders(this: HeldServerResponse) {
    pass(errorPageOf(this), 'flushHeaders', [])
  },
}

function errorPageOf(response: HeldServerResponse): Held {
  const held = heldOf(response)
  if (!held.isErrorPageReady && !response.headersSent) {
    held.isErrorPageReady = true
    beforeHeaders(held)
  }
  return held
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Answers a call whose response is gone: its callback hears so, and the writer is told to wait. */
function refuse(args: readonly unknown[]): false {
  const callback = args.find((arg) => typeof arg === 'function') as Callback | undefined
  const error = Object.assign(new Error('the response was dropped, because its session could not be stored'), {
    code: 'ERR_STREAM_DESTROYED',
  })
  if (callback !== undefined) process.nextTick(callback, error)
  return false
}

// The checks below are those of node:http, which would come too late: the caller has gone on by then.
function checkChunk(chunk: unknown): void {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return
  const code = chunk === null ? 'ERR_STREAM_NULL_VALUES' : 'ERR_INVALID_ARG_TYPE'
  throw Object.assign(new TypeError('a chunk must be a string, a Buffer or a Uint8Array'), { code })
}

function checkStatus(code: number): void {
  if ((code | 0) >= 100 && (code | 0) <= 999) return
  throw Object.assign(new RangeError(`Invalid status code: ${code}`), { code: 'ERR_HTTP_INVALID_STATUS_CODE' })
}

function headersSent(action: string): Error {
  return Object.assign(new Error(`Cannot ${action} headers after they are sent to the client`), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}
