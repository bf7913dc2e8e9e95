import type { Milliseconds } from '@transient/core/store'

// Far enough from each other that a slow machine cannot mistake one for another.
export const minute: Milliseconds = 60_000
export const hour: Milliseconds = 3_600_000
export const day: Milliseconds = 86_400_000

/** A life that the tests outlive: short, because on a real clock they have to wait for its end. */
export const brief: Milliseconds = 20

/** Past the end of a brief life. In its last millisecond a key may be there or not. */
export const afterBrief: Milliseconds = brief + 1
