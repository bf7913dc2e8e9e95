const reading = ['get', 'getMany', 'ttl', 'scan', 'watch'] as const
const writing = ['set', 'setMany', 'delete', 'touch', 'take', 'compareAndSet', 'increment', 'flush'] as const

/** What a fault can be staged for. */
export type FaultVerb = (typeof reading)[number] | (typeof writing)[number]

export const faultVerbs: readonly FaultVerb[] = [...reading, ...writing]

/** Those whose errors say whether they may have been applied. */
export const writingVerbs: ReadonlySet<FaultVerb> = new Set<FaultVerb>(writing)
