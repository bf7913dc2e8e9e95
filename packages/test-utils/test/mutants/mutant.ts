import type { TransientStore } from '@transient/core/store'
import type { ReferenceData, ReferenceStore } from '../reference-store.ts'

/** What a broken store does otherwise. `compareAndSet` as one signature, since an overloaded method cannot be replaced by a function. */
export interface Overrides extends Partial<Omit<ReferenceStore, 'compareAndSet'>> {
  compareAndSet?: (
    key: string,
    expected: Uint8Array | null,
    next: Uint8Array | null,
    ttl?: number | 'keep',
    options?: { stamp?: number },
  ) => Promise<boolean>
}

/** A store that is correct but for one fault, and the test that must find it. */
export interface Mutant {
  readonly fault: string
  readonly caughtBy: string
  breaks(store: ReferenceStore, data: ReferenceData): Overrides
}

/** `compareAndSet` of any form. */
export function swap(
  store: TransientStore,
  ...args: Parameters<NonNullable<Overrides['compareAndSet']>>
): Promise<boolean> {
  return (store.compareAndSet as (...all: unknown[]) => Promise<boolean>)(...args)
}
