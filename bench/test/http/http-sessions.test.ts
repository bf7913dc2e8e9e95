import { expect, test } from 'vitest'
import { coursesOf } from '../../src/http/http-sessions.ts'
import { frameworks } from '../../src/http/server-order.ts'
import { describeShape } from '../../src/http/session-shape.ts'

const rowsOf = (framework: (typeof frameworks)[number], quick = false) =>
  coursesOf(framework, quick).flatMap(({ verb, shape, rivals }) =>
    rivals.map(({ keeper, aim }) => ({ what: `${verb}, ${describeShape(shape)}`, keeper, aim })),
  )

const sizes = ['200 B', '2 KiB', '20 KiB'].flatMap((size) => [`${size} in one text`, `${size} in many fields`])

test.each([
  ['express', 0.9],
  ['fastify', 0.8],
  ['hono', 0.8],
] as const)(
  '%s is to reach %s of a hand-written handler that does the same commands, at every size, reading and writing',
  (framework, part) => {
    const judged = rowsOf(framework).filter(({ keeper, aim }) => keeper !== 'peer' && aim !== undefined)
    expect(judged).toEqual(
      sizes.flatMap((size) => [
        { what: `read, ${size}`, keeper: 'by hand', aim: { atLeast: part } },
        { what: `write, ${size}`, keeper: 'by hand, same script', aim: { atLeast: part } },
      ]),
    )
  },
)

test.each([
  ['express', 1.6],
  ['fastify', 3],
] as const)('%s is to be %s times what people use with it, at 200 B', (framework, times) => {
  const peers = rowsOf(framework).filter(({ keeper }) => keeper === 'peer')
  expect(peers.filter(({ aim }) => aim !== undefined)).toEqual(
    sizes.slice(0, 2).flatMap((size) => [
      { what: `read, ${size}`, keeper: 'peer', aim: { atLeast: times } },
      { what: `write, ${size}`, keeper: 'peer', aim: { atLeast: times } },
    ]),
  )
  for (const size of sizes) expect(peers.map(({ what }) => what)).toContain(`write, ${size}`)
})

test.each(['koa', 'node:http', 'web'] as const)('%s is shown without an aim', (framework) => {
  const rows = rowsOf(framework)
  expect(rows.every(({ aim }) => aim === undefined)).toBe(true)
  expect(rows.map(({ what }) => what)).toContain('write, 200 B in one text')
})

test.each(frameworks)('%s is shown beside its own speed without sessions', (framework) => {
  expect(rowsOf(framework).filter(({ keeper }) => keeper === 'none')).toHaveLength(2)
})

test('a quick run has one read and one write of each framework', () => {
  for (const framework of frameworks)
    expect(coursesOf(framework, true).map(({ verb }) => verb)).toEqual(['read', 'write'])
})
