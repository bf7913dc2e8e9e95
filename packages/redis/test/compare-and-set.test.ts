import { describe, expect, it } from 'vitest'
import { createSwapper } from '../src/lib/compare-and-set.ts'
import { compareAndSetScript } from '../src/lib/scripts.ts'

const [a, b] = [Buffer.from('a'), Buffer.from('b')]
const replace = { key: 'k', expected: a, byStamp: false, next: [b, 'PX', '5'] }
const remove = { key: 'k', expected: a, byStamp: false, next: undefined }

/** A server of an age: it answers the commands it has with 1, and others as Redis does. */
function createServer(has: { ifEqual: boolean; deleteIfEqual: boolean; script: boolean }) {
  const sent: unknown[][] = []
  let script = has.script
  const call = async (name: string, args: unknown[]): Promise<unknown> => {
    sent.push([name, ...args])
    if (name === 'set' && !has.ifEqual) throw new Error('ERR syntax error')
    if (name === 'delifeq' && !has.deleteIfEqual)
      throw new Error("ERR unknown command 'delifeq', with args beginning with: ")
    if (name === 'evalsha' && !script) throw new Error('NOSCRIPT No matching script. Please use EVAL.')
    if (name === 'eval') script = true
    return 1
  }
  return { call, sent, names: () => sent.splice(0).map(([name]) => name) }
}

describe('compareAndSet', () => {
  it("is the server's own command where it has one", async () => {
    const { call, sent } = createServer({ ifEqual: true, deleteIfEqual: true, script: false })
    const swap = createSwapper(call)
    await swap(replace)
    await swap(remove)
    expect(sent).toEqual([
      ['set', 'k', b, 'IFEQ', a, 'PX', '5'],
      ['delifeq', 'k', a],
    ])
  })

  it('finds out once that the server has none, without asking', async () => {
    const { call, names } = createServer({ ifEqual: false, deleteIfEqual: false, script: true })
    const swap = createSwapper(call)
    await swap(replace)
    expect(names()).toEqual(['set', 'evalsha'])
    await swap(replace)
    expect(names()).toEqual(['evalsha'])
    await swap(remove)
    expect(names()).toEqual(['delifeq', 'evalsha'])
    await swap(remove)
    expect(names()).toEqual(['evalsha'])
  })

  it('takes what there is: a conditional SET without a conditional DEL', async () => {
    const { call, names } = createServer({ ifEqual: true, deleteIfEqual: false, script: true })
    const swap = createSwapper(call)
    await swap(remove)
    await swap(replace)
    await swap(remove)
    expect(names()).toEqual(['delifeq', 'evalsha', 'set', 'evalsha'])
  })

  it('by a stamp is the script, which is told how much to compare', async () => {
    const { call, sent } = createServer({ ifEqual: true, deleteIfEqual: true, script: false })
    await createSwapper(call)({ ...replace, byStamp: true })
    expect(sent).toEqual([
      ['evalsha', compareAndSetScript.sha, '1', 'k', a, '0', b, 'PX', '5'],
      ['eval', compareAndSetScript.text, '1', 'k', a, '0', b, 'PX', '5'],
    ])
  })

  it('hands on what it does not know', async () => {
    const refuse = (message: string) => createSwapper(() => Promise.reject(new Error(message)))
    for (const message of ['ERR something else', 'OOM command not allowed', 'Connection is closed.'])
      for (const swapped of [replace, remove, { ...replace, byStamp: true }])
        await expect(refuse(message)(swapped)).rejects.toThrow(message)
  })
})
