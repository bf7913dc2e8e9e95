import { describe, expect, it } from 'vitest'
import { coverOf, isCovered } from '../src/lib/prefix-cover.ts'

const hex = (count: number) => Array.from({ length: count }, (_, index) => index.toString(16).padStart(2, '0'))

describe('the prefixes that are tracked', () => {
  it('are those that are watched, in order and each once', () => {
    expect(coverOf(['b', 'a', 'b'], 4)).toEqual(['a', 'b'])
    expect(coverOf([], 4)).toEqual([])
  })

  it('leave out what begins with another', () => {
    expect(coverOf(['ab', 'a', 'abc', 'b', 'ba', 'aé', 'a😀'], 4)).toEqual(['a', 'b'])
    expect(coverOf(['x', '', 'y'], 4)).toEqual([''])
    expect(coverOf(['a!b', 'a', 'a b'], 4)).toEqual(['a'])
  })

  it('are what they have in common when they are too many, group by group', () => {
    const sessions = hex(200).map((id) => `session:${id}`)
    expect(coverOf(sessions, 200)).toEqual(sessions)
    expect(coverOf(sessions, 64)).toEqual(hex(13).map((id) => `session:${id[1]}`))
    const many = [...sessions, 'cache:a', ...sessions.map((one) => `my-${one}`)]
    const cover = coverOf(many, 64)
    expect(cover.length).toBeLessThanOrEqual(16)
    expect(cover).toContain('cache:a')
    expect(cover).not.toContain('')
    for (const one of many) expect(isCovered(one, cover), one).toBe(true)
  })

  it('never end within a character', () => {
    // The halves of these differ in the second unit only.
    const faces = Array.from({ length: 40 }, (_, index) => `a${String.fromCodePoint(0x1f600 + index)}`)
    expect(coverOf(faces, 39)).toEqual(['a'])
  })

  it('cover whatever they are made of, and none begins with another', () => {
    let seed = 7
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below
    for (let round = 0; round < 300; round += 1) {
      const given = Array.from({ length: random(120) }, () =>
        Array.from({ length: random(6) }, () => ['a', 'b', '😀', '😁', 'é'][random(5)]).join(''),
      )
      const limit = 16 + random(60)
      const cover = coverOf(given, limit)
      expect(cover.length).toBeLessThanOrEqual(limit)
      for (const one of given) expect(isCovered(one, cover)).toBe(true)
      for (const one of cover) expect(cover.filter((other) => other.startsWith(one))).toEqual([one])
      for (const one of cover) expect(encodeURIComponent(one)).toBeTypeOf('string')
    }
  })
})
