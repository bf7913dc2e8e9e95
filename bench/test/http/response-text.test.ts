import { expect, test } from 'vitest'
import { cookieIn, readResponse } from '../../src/http/response-text.ts'

const whole = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello'

test('a response that has arrived as a whole has a status, a head and a body', () => {
  expect(readResponse(whole)).toEqual({
    status: 200,
    head: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5',
    body: 'hello',
  })
})

test('as long as something is missing there is none, wherever it was cut', () => {
  for (let length = 0; length < whole.length; length += 1) expect(readResponse(whole.slice(0, length))).toBeUndefined()
})

test('a response that is over-long or does not tell its length is refused', () => {
  expect(() => readResponse(`${whole}!`)).toThrow('more than one response')
  expect(() => readResponse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toThrow(
    'does not tell its length',
  )
})

test('the first cookie is found, without its attributes', () => {
  expect(cookieIn('HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc.def; Path=/; HttpOnly\r\nX: y')).toBe('sid=abc.def')
  expect(cookieIn('HTTP/1.1 200 OK\r\nset-cookie: sid=1\r\nset-cookie: other=2')).toBe('sid=1')
  expect(cookieIn('HTTP/1.1 200 OK')).toBeUndefined()
})
