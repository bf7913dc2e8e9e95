import { expect, test } from 'vitest'
import { formatRate, formatSpread, formatTable, type Row, scoreOf } from '../src/table.ts'

const rows: readonly Row[] = [
  { label: 'get', cells: ['172 ns', '1.283'], figure: 1.283, aim: { atMost: 1.5 } },
  { label: 'get, a miss', cells: ['96 ns', '1.100'], figure: 1.1 },
  { label: 'set', cells: ['1570 ns', '2.000'], figure: 2, aim: { atMost: 1.5 } },
]

test('a table has its labels to the left, its figures to the right, and a verdict where there is an aim', () => {
  expect(formatTable({ title: 'Memory', columns: ['ours', 'ratio'], rows })).toBe(
    [
      'Memory',
      '                ours  ratio     aim',
      'get           172 ns  1.283  <= 1.5  ok',
      'get, a miss    96 ns  1.100',
      'set          1570 ns  2.000  <= 1.5  missed',
    ].join('\n'),
  )
})

test('a table without any aim has no column for it', () => {
  const plain = [{ label: 'get', cells: ['GET'] }]
  expect(formatTable({ title: 'Commands', columns: ['which'], rows: plain })).toBe('Commands\n     which\nget    GET')
})

test('the verdict is about the figure, not about what it is rounded to', () => {
  const close: Row = { label: 'get', cells: ['1.500'], figure: 1.50001, aim: { atMost: 1.5 } }
  expect(formatTable({ title: '', columns: [''], rows: [close] })).toContain('missed')
})

test('the score counts only rows with an aim', () => {
  expect(scoreOf(rows)).toEqual({ met: 1, missed: 1 })
})

test('an aim without a figure is a fault of the benchmark', () => {
  expect(() => scoreOf([{ label: 'get', cells: [], aim: { atMost: 1 } }])).toThrow(
    'the row "get" has an aim and no figure',
  )
})

test('a spread shows the median and the quartiles', () => {
  expect(formatSpread({ median: 1.2834, lowerQuartile: 1.25, upperQuartile: 1.31049 })).toBe('1.283 [1.250 to 1.310]')
})

test('a rate has three digits that mean something', () => {
  expect([409_441, 10_449, 1234, 99.6, 7.4].map(formatRate)).toEqual([
    '409,000/s',
    '10,400/s',
    '1,230/s',
    '100/s',
    '7/s',
  ])
})
