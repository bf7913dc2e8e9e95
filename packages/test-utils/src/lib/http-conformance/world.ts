import type { SessionStoreOptions } from '@transient/core'
import type { Milliseconds } from '@transient/core/store'
import type { Fault, FaultPlace } from '../faults/fault-plan.ts'
import type { FaultVerb } from '../faults/fault-verb.ts'
import type { OpenSite, SiteOptions } from './site.ts'

/** How a site of the world is set up. Plain data: it may have to cross into another process. */
export interface SiteSettings {
  readonly sessions?: Partial<Omit<SessionStoreOptions, 'now'>>
  readonly options?: SiteOptions
  readonly trustedOrigins?: readonly string[]
}

/** Holds calls of the store, or handlers, until it is released. */
export interface WorldGate {
  /** Resolves when this many have come. Default: 1. */
  arrived(count?: number): Promise<void>
  /** Lets go what waits, and everything that comes later. */
  release(): Promise<void>
}

/** A fault that can cross into another process. */
export type WorldFault = Omit<Fault, 'error' | 'key'>
/** A place in front of or behind the store. */
export type WorldPlace = Omit<FaultPlace, 'key'>

/**
 * One empty store with any number of sites on it, and the strings by which a test pulls. Everything is asynchronous, so that it may be in
 * another process.
 */
export interface HttpWorld {
  /** Opens a site on the world's store. */
  open(settings?: SiteSettings): Promise<OpenSite>
  /** Makes calls of the store wait. */
  hold(verb: FaultVerb | '*', place?: WorldPlace): Promise<WorldGate>
  /** Makes calls of the store reject. */
  fail(verb: FaultVerb | '*', fault?: WorldFault): Promise<void>
  /** Forgets the faults, and releases what is held. */
  recover(): Promise<void>
  /** Makes handlers wait where their request says so, `?before=<place>` or `?after=<place>`. */
  meet(place: string): Promise<WorldGate>
  /** The verbs that the store was asked for, in order, since the last `forgetCalls`. */
  calls(): Promise<readonly FaultVerb[]>
  /** The commands that reached the server since the last `forgetCalls`; `undefined` without a server that tells. */
  commands(): Promise<readonly string[] | undefined>
  forgetCalls(): Promise<void>
  /** Replaces what is stored under each key by these bytes, with a minute to live; `null` removes it. Resolves with the number of keys. */
  overwrite(bytes: readonly number[] | null): Promise<number>
  /** Everything that is stored, as text, keys included. */
  dump(): Promise<readonly string[]>
  /** Moves the clock of the sessions, and of the store if it has a clock to be moved. */
  advance(span: Milliseconds): Promise<void>
  dispose(): Promise<void>
}

/** What the suite needs: a name, and how to make a world. */
export interface HttpHarness {
  /** Heads the names of the tests. */
  readonly name: string
  /** How long a test may take, in milliseconds; the runner has to give it more. Default: 20 000. */
  readonly patience?: Milliseconds
  /** An empty store. Called for each test. */
  create(): Promise<HttpWorld>
}
