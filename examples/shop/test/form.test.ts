import { expect, it } from 'vitest'
import { field, fieldsOf, localPath, parseForm } from '../src/form.ts'

it('a field is there once, as text, or not at all', () => {
  const fields = parseForm('name=%C3%85sa&twice=1&twice=2&__proto__=x&empty=', 'application/x-www-form-urlencoded')
  expect(['name', 'twice', 'empty', 'none', 'toString'].map((name) => field(fields, name))).toEqual([
    'Åsa',
    undefined,
    '',
    undefined,
    undefined,
  ])
  expect(field(fields, '__proto__')).toBe('x')
  expect(Object.getPrototypeOf(fields)).toBe(Object.prototype)
  expect(field(fieldsOf(new URLSearchParams('a=1')), 'a')).toBe('1')
})

it('a form is UTF-8, or refused with 415', () => {
  for (const charset of ['utf-8', 'UTF-8', '"utf-8"'])
    expect(field(parseForm('a=1', `application/x-www-form-urlencoded; charset=${charset}`), 'a')).toBe('1')
  expect(() => parseForm('a=1', 'application/x-www-form-urlencoded; charset=klingon')).toThrow(
    expect.objectContaining({ status: 415 }),
  )
})

it('a path to go on to is one of this shop', () => {
  for (const path of ['/', '/cart', '/products/mug', '/login?next=/account']) expect(localPath(path)).toBe(path)
  for (const path of [
    undefined,
    '',
    'cart',
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/\t/x',
    'https://x',
    '/%2f',
  ])
    expect(localPath(path)).toBeUndefined()
})
