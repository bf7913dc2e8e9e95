import { expect, test } from 'vitest'
import { createPages, expectedBody } from '../../src/http/page.ts'
import { contentsOf, describeShape, type SessionShape } from '../../src/http/session-shape.ts'

const shapes: readonly SessionShape[] = [200, 2048, 20_480].flatMap((bytes) => [
  { layout: 'text', bytes },
  { layout: 'fields', bytes },
])

test.each(shapes)('a session of $bytes bytes ($layout) has about that size as JSON', (shape) => {
  const size = JSON.stringify(contentsOf(shape, 'visitor-12-3')).length
  expect(size).toBeGreaterThanOrEqual(shape.bytes)
  expect(size).toBeLessThan(shape.bytes + 32)
})

test('a text is one long field, fields are many short ones', () => {
  expect(Object.keys(contentsOf({ layout: 'text', bytes: 20_480 }, 'a'))).toEqual(['visitor', 'visits', 'text'])
  const many = contentsOf({ layout: 'fields', bytes: 20_480 }, 'a')
  expect(Object.keys(many).length).toBeGreaterThan(500)
  expect(Math.max(...Object.values(many).map((value) => String(value).length))).toBeLessThan(12)
})

test('a shape says its size as people do', () => {
  expect(shapes.map(describeShape)).toEqual([
    '200 B in one text',
    '200 B in many fields',
    '2 KiB in one text',
    '2 KiB in many fields',
    '20 KiB in one text',
    '20 KiB in many fields',
  ])
})

test.each(shapes)('what a page says of a session of $bytes bytes ($layout) is what is expected of it', (shape) => {
  const pages = createPages(shape)
  const session = {}
  pages.begin(session, 'visitor-0-1')
  expect(JSON.stringify(pages.read(session))).toBe(expectedBody(shape, 'read', 'visitor-0-1')(0))
  expect(JSON.stringify(pages.everyField(session))).toBe(expectedBody(shape, 'read every field', 'visitor-0-1')(0))
  expect(JSON.stringify(pages.write(session))).toBe(expectedBody(shape, 'write', 'visitor-0-1')(1))
  expect(JSON.stringify(pages.write(session))).toBe(expectedBody(shape, 'write', 'visitor-0-1')(2))
})

test('the body of one visitor is not that of another, nor that of another visit', () => {
  const shape = shapes[0] as SessionShape
  const bodies = [
    expectedBody(shape, 'read', 'a')(0),
    expectedBody(shape, 'read', 'b')(0),
    expectedBody(shape, 'read', 'a')(1),
  ]
  expect(new Set(bodies).size).toBe(3)
})
