import { expect, test } from 'vitest'
import { median, spreadOf } from '../src/statistics.ts'

test('the median of an odd number of figures is the one in the middle, whatever their order', () => {
  expect(median([30, 10, 20])).toBe(20)
})

test('the median of an even number of figures lies between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('figures are ordered as numbers, not as text', () => {
  expect(median([9, 10, 100])).toBe(10)
})

test('quartiles lie in proportion between two figures', () => {
  expect(spreadOf([1, 2, 3, 4, 5])).toEqual({ median: 3, lowerQuartile: 2, upperQuartile: 4 })
  expect(spreadOf([1, 2, 3, 4])).toEqual({ median: 2.5, lowerQuartile: 1.75, upperQuartile: 3.25 })
})

test('one figure is its own median and quartiles', () => {
  expect(spreadOf([7])).toEqual({ median: 7, lowerQuartile: 7, upperQuartile: 7 })
})

test('an outlier moves neither the median nor the quartiles', () => {
  expect(spreadOf([1, 2, 3, 4, 1000])).toEqual({ median: 3, lowerQuartile: 2, upperQuartile: 4 })
})

test('the figures that were handed in keep their order', () => {
  const figures = [3, 1, 2]
  spreadOf(figures)
  expect(figures).toEqual([3, 1, 2])
})

test('no figures at all are an error, not a NaN', () => {
  expect(() => spreadOf([])).toThrow('nothing was measured')
})
