export type { FaultGate } from './lib/faults/fault-gate.ts'
export type { Fault, FaultPlace, FaultVerb } from './lib/faults/fault-plan.ts'
export { createFaultyStore, type Faults, type FaultyStoreOptions } from './lib/faults/faulty-store.ts'
export type { StoreCall } from './lib/faults/store-calls.ts'
