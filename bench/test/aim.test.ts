import { expect, test } from 'vitest'
import { describeAim, meets } from '../src/aim.ts'

test('an aim from below is met by the figure itself and by what is above it', () => {
  expect([0.949, 0.95, 0.96].map((figure) => meets({ atLeast: 0.95 }, figure))).toEqual([false, true, true])
})

test('an aim from above is met by the figure itself and by what is below it', () => {
  expect([1.49, 1.5, 1.501].map((figure) => meets({ atMost: 1.5 }, figure))).toEqual([true, true, false])
})

test('what was not measured meets nothing', () => {
  expect(meets({ atLeast: 1 }, Number.NaN)).toBe(false)
  expect(meets({ atMost: 1 }, Number.NaN)).toBe(false)
})

test('an aim says which way it points', () => {
  expect(describeAim({ atLeast: 0.95 })).toBe('>= 0.95')
  expect(describeAim({ atMost: 1.15 })).toBe('<= 1.15')
})
