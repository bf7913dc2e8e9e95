import { Agent, request } from 'node:http'
import { createMemoryStore } from '@transient/memory'
import { createSiteWorld, type HttpWorld, type OpenFrontEnd } from '@transient/test-utils/http-conformance'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openExpress4Site, openExpress5Site } from '../../packages/express/test/conformance-site.ts'
import { openFastifySite } from '../../packages/fastify/test/conformance-site.ts'
import { openHonoSite } from '../../packages/hono/test/conformance-site.ts'
import { openNodeSite } from '../../packages/http/test/conformance-site.ts'
import { openWebSite } from '../../packages/http/test/conformance-web-site.ts'
import { openKoa2Site, openKoa3Site } from '../../packages/koa/test/conformance-site.ts'
import { hostileForms, hostileTexts, mutatedTokens } from '../src/hostile.ts'

vi.setConfig({ testTimeout: 120_000 })
// The shortest case that fails is worth a minute, not more.
fc.configureGlobal({ interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true })

const frontEnds: readonly (readonly [string, OpenFrontEnd])[] = [
  ['node:http', openNodeSite],
  ['Request and Response', openWebSite],
  ['Express 5', openExpress5Site],
  ['Express 4', openExpress4Site],
  ['Fastify', openFastifySite],
  ['Hono', openHonoSite],
  ['Koa 3', openKoa3Site],
  ['Koa 2', openKoa2Site],
]
// Together 10 000 posts, and twice as many cookies, eight at a time: that is what a front end looks at in one request.
const atOnce = 8
const posts = 10_000 / frontEnds.length
const cookies = 20_000 / frontEnds.length

describe.each(frontEnds)('%s', (_, open) => {
  const agent = new Agent({ keepAlive: true })
  let world: HttpWorld
  let origin: string
  /** A signed token, whose session has `text1: 'kept'`. */
  let token: string
  beforeAll(async () => {
    world = await createSiteWorld(open, async () => ({ store: createMemoryStore() }))
    origin = (await world.open()).origin
    const first = await ask('POST', '/set?text1=kept', {})
    token = /sid=([^;]+)/.exec(first.cookies.join())?.[1] as string
  })
  afterAll(async () => {
    agent.destroy()
    await world.dispose()
  })

  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
  const names = prototypes.map((one) => Reflect.ownKeys(one))
  const expectPurity = () => expect(prototypes.map((one) => Reflect.ownKeys(one))).toEqual(names)

  it('takes hostile cookies for none, at no command', async () => {
    await world.forgetCalls()
    const values = fc.oneof(hostileTexts, mutatedTokens(token))
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: atOnce, maxLength: atOnce }), async (texts) => {
        const cookie = texts.map((value) => `sid=${value}`).join('; ')
        const answer = await ask('GET', '/state', { cookie })
        expect([answer.status, answer.cookies]).toEqual([200, []])
        expect(JSON.parse(answer.text)).toMatchObject({ isNew: true, data: {} })
      }),
      { numRuns: Math.ceil(cookies / atOnce) },
    )
    expect(await world.calls()).toEqual([])
    expectPurity()
  })

  it('finds the visitor’s cookie among hostile ones', async () => {
    const others = fc.array(fc.oneof(hostileTexts, mutatedTokens(token)), { maxLength: atOnce - 1 })
    await fc.assert(
      // What hostile values hold may itself look like more of them; those behind ours do not matter.
      fc.asyncProperty(others, others, async (before, after) => {
        const quiet = before.map((value) => value.replaceAll(';', ''))
        const pairs = [...quiet.slice(0, 3), token, ...after].map((value) => `sid=${value}`)
        const answer = await ask('GET', '/state', { cookie: pairs.join('; ') })
        expect(answer.status).toBe(200)
        expect(JSON.parse(answer.text)).toMatchObject({ isNew: false, data: { text1: 'kept' } })
      }),
      { numRuns: 100 },
    )
  })

  it('refuses hostile forms, and their handler does not run', async () => {
    await world.forgetCalls()
    await fc.assert(
      fc.asyncProperty(fc.array(hostileForms, { minLength: atOnce, maxLength: atOnce }), async (forms) => {
        const answers = forms.map(({ query, headers, body }, at) =>
          // Every second one comes with a session.
          ask('POST', `/form${query}`, at % 2 === 0 ? headers : { ...headers, cookie: `sid=${token}` }, body),
        )
        for (const { status, text } of await Promise.all(answers)) {
          expect(status, text).toBeGreaterThanOrEqual(400)
          expect(status, text).toBeLessThan(500)
        }
      }),
      { numRuns: Math.ceil(posts / atOnce) },
    )
    // Who comes without a session costs nothing, who has one a read at most; nobody writes.
    const calls = await world.calls()
    expect(calls.filter((verb) => verb !== 'get')).toEqual([])
    expect(calls.length).toBeLessThanOrEqual(Math.ceil(posts / atOnce) * (atOnce / 2))
    const { text } = await ask('GET', '/state', { cookie: `sid=${token}` })
    expect(JSON.parse(text)).toMatchObject({ data: { text1: 'kept' } })
    expect(text).not.toContain('posted')
    expectPurity()
  })

  it('keeps fields of hostile names as what they are', async () => {
    const names = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', ''),
      fc.string({ unit: 'grapheme' }),
    )
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(names, { minLength: 1, maxLength: 5 }), async (fields) => {
        const pairs = fields.map((name): [string, string] => [name, `value of ${name}`])
        const query = new URLSearchParams(pairs).toString()
        const written = await ask('POST', `/set-any?${query}`, {})
        expect([written.status, JSON.parse(written.text)]).toEqual([200, pairs])
        const [line = ''] = written.cookies
        const read = await ask('GET', `/any?${query}`, { cookie: line.split(';')[0] as string })
        expect(JSON.parse(read.text)).toEqual(pairs)
      }),
      { numRuns: 100 },
    )
    expectPurity()
  })

  interface Answer {
    readonly status: number
    readonly cookies: readonly string[]
    readonly text: string
  }
  function ask(method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asking = request(new URL(path, origin), { method, agent, headers }, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const { statusCode = 0, headers: got } = incoming
          resolve({ status: statusCode, cookies: got['set-cookie'] ?? [], text: Buffer.concat(chunks).toString() })
        })
      })
      asking.on('error', reject)
      asking.end(body)
    })
  }
})
