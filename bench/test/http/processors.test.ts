import { expect, test } from 'vitest'
import { processorsIn } from '../../src/http/processors.ts'

test('a list of processors has numbers and ranges', () => {
  expect(processorsIn('0-1')).toEqual([0, 1])
  expect(processorsIn('3')).toEqual([3])
  expect(processorsIn('0-2,5,8-9')).toEqual([0, 1, 2, 5, 8, 9])
  expect(processorsIn('')).toEqual([])
})
