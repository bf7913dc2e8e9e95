import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { applyHeaders, rememberStart } from './response-headers.ts'

/** What happens around the moment in which a response would leave. */
export interface DepartureSteps {
  /** Whether there is anything to do before the response leaves; until then every call goes straight through. */
  isNeeded(): boolean
  /** Must be done before anything leaves; asked for once, by the first call that would send something. `undefined`: nothing to wait for. */
  prepare(): Promise<void> | undefined
  /** The last chance for headers, before those of a prepared response leave, or those of the error page in place of a dropped one. */
  beforeHeaders(): void
  /** `prepare` failed: the handler's response is dropped, and the one to send now is the listener's. */
  failed(error: unknown): void
}

type Call = readonly [verb: 'write' | 'end' | 'writeHead' | 'flushHeaders', args: unknown[]]
type Callback = (error?: Error | null) => void

/**
 * Holds back what a handler sends until `prepare` is done. Everything a handler can send with goes through four methods (`pipe`,
 * `sendFile`, `redirect` and the rest call them): the calls are kept in order, with their callbacks, and repeated afterwards.
 * Meanwhile the response looks as it would have: `headersSent` is true, a header set now throws, `write` asks to wait for 'drain'.
 */
export interface HeldResponse {
  /** There is no response of a handler to wait for: the next one is an error page. */
  abandon(): void
}

export function holdResponse(response: ServerResponse, steps: DepartureSteps): HeldResponse {
  const start = rememberStart(response)
  const send = {
    write: response.write,
    end: response.end,
    writeHead: response.writeHead,
    flushHeaders: response.flushHeaders,
  } as Record<Call[0], (...args: unknown[]) => unknown>
  const calls: Call[] = []
  const sources = new Set<Readable>()
  let phase: 'waiting' | 'holding' | 'open' | 'dropped' = 'waiting'
  let statusCode = 200
  let ended = false
  let uncover = () => {}

  const pass = (...[verb, args]: Call) => send[verb].apply(response, args)
  // The methods are in place before anybody needs them, because in `response.end(session.data.name)` the method is looked up first.
  const isFree = () => phase === 'open' || (phase === 'waiting' && (!steps.isNeeded() || response.headersSent))

  /** Keeps the call for later. `false` if there is nothing to wait for: then it goes through now, as all that follow. */
  function hold(...call: Call): boolean {
    if (phase === 'waiting') {
      const prepared = steps.prepare()
      if (prepared === undefined) {
        phase = 'open'
        steps.beforeHeaders()
        return false
      }
      phase = 'holding'
      statusCode = response.statusCode
      uncover = cover(response, () => ended)
      prepared.then(release, drop)
    }
    calls.push(call)
    return true
  }

  function release(): void {
    uncover()
    response.statusCode = statusCode
    try {
      steps.beforeHeaders()
    } catch (error) {
      return drop(error)
    }
    phase = 'open'
    let flowing = true
    try {
      for (const [verb, args] of calls) {
        const answer = pass(verb, args)
        if (verb === 'write') flowing = answer !== false
      }
    } catch (error) {
      // The arguments were looked at when they came, so this is the connection's doing.
      response.destroy(error as Error)
    }
    // If the last write asked to wait, node:http itself says when to go on.
    if (calls.some(([verb]) => verb === 'write') && flowing && !ended) process.nextTick(() => response.emit('drain'))
    calls.length = 0
  }

  function drop(error: unknown): void {
    uncover()
    phase = 'dropped'
    abandon()
    steps.failed(error)
    for (const [, args] of calls) refuse(args)
    calls.length = 0
  }

  /** From here on the methods belong to the error page; what still comes from the handler's response goes nowhere. */
  function abandon(): void {
    phase = 'dropped'
    for (const source of sources) source.unpipe(response)
    start.restore()
    // Wrappers that were laid around ours belong to the response that is gone, and may regard it as ended: they go, too.
    Object.assign(response, errorPageMethods())
  }

  function errorPageMethods() {
    let ready = false
    const prepareHeaders = () => {
      if (ready || response.headersSent) return
      ready = true
      steps.beforeHeaders()
    }
    // A handler that has not noticed yet may write on after the error page: to node:http that is an uncaught error.
    const over = () => response.writableEnded
    return {
      write: (...args: unknown[]) => {
        if (over()) return refuse(args)
        prepareHeaders()
        return pass('write', args)
      },
      end: (...args: unknown[]) => {
        if (over()) refuse(args)
        else {
          prepareHeaders()
          pass('end', args)
        }
        return response
      },
      writeHead: (code: number, ...rest: unknown[]) => {
        if (!response.headersSent) applyHeaders(response, rest.find(isObject))
        prepareHeaders()
        return pass('writeHead', [code, ...rest.filter((part) => typeof part === 'string')])
      },
      flushHeaders: () => {
        prepareHeaders()
        pass('flushHeaders', [])
      },
    }
  }

  response.on('pipe', (source) => sources.add(source))
  Object.assign(response, {
    write: (...args: unknown[]) => {
      if (isFree()) return pass('write', args)
      if (phase === 'dropped') return refuse(args)
      checkChunk(args[0])
      return hold('write', args) ? false : pass('write', args)
    },
    end: (...args: unknown[]) => {
      if (isFree()) return pass('end', args)
      if (phase === 'dropped') refuse(args)
      else {
        if (args[0] !== undefined && args[0] !== null && typeof args[0] !== 'function') checkChunk(args[0])
        if (hold('end', args)) ended = true
        else pass('end', args)
      }
      return response
    },
    writeHead: (code: number, ...rest: unknown[]) => {
      if (isFree()) return pass('writeHead', [code, ...rest])
      if (phase === 'dropped') return response
      if (phase === 'holding') throw headersSent('write')
      checkStatus(code)
      // Set now, so that a wrong header throws where it was given, and ours can be laid beside it later.
      applyHeaders(response, rest.find(isObject))
      response.statusCode = code
      const line = [code, ...rest.filter((part) => typeof part === 'string')]
      if (!hold('writeHead', line)) pass('writeHead', line)
      return response
    },
    flushHeaders: () => {
      if (isFree()) pass('flushHeaders', [])
      else if (phase !== 'dropped' && !hold('flushHeaders', [])) pass('flushHeaders', [])
    },
  })
  return { abandon }
}

const endedKey = Symbol('ended')
type Covered = ServerResponse & { [endedKey]?: () => boolean }
const covers = new WeakMap<object, object>()

/**
 * Makes the response look as if its headers had left; returns what takes that away again. What it looks like is in a prototype, made
 * once for all responses of a kind: properties that come and go on the response itself would cost more than the commit.
 */
function cover(response: Covered, ended: () => boolean): () => void {
  const nature = Object.getPrototypeOf(response) as object
  let disguise = covers.get(nature)
  if (disguise === undefined) {
    disguise = createDisguise(nature)
    covers.set(nature, disguise)
  }
  response[endedKey] = ended
  Object.setPrototypeOf(response, disguise)
  return () => void Object.setPrototypeOf(response, nature)
}

function createDisguise(nature: object): object {
  const tooLate = () => {
    throw headersSent('set')
  }
  const disguise: PropertyDescriptorMap = {
    headersSent: { get: () => true },
    writableEnded: {
      get(this: Covered) {
        return this[endedKey]?.()
      },
    },
  }
  for (const name of ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'])
    disguise[name] = { value: tooLate, writable: true }
  return Object.create(nature, disguise) as object
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

// The three checks below are those of node:http, which would come too late: the caller has gone on by then.
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
