import { createInterface } from 'node:readline'
import { createRedisStore } from '@transient/redis'
import { createSiteWorld, type OpenFrontEnd } from '@transient/test-utils/http-conformance'
import { createCallee, type RemoteCall } from './remote-calls.ts'

/**
 * Opens sites with the front end, for a test in another process: calls come as lines on the standard input, their answers go out as
 * lines on the standard output. Ends with the input.
 */
export function runSiteProcess(openFrontEnd: OpenFrontEnd, redisUrl: string): void {
  const callee = createCallee({
    createWorld: () =>
      createSiteWorld(openFrontEnd, async () => {
        const store = createRedisStore(redisUrl)
        await store.flush()
        return { store }
      }),
    runtime: nameRuntime,
  })
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    void callee(JSON.parse(line) as RemoteCall).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
  })
  lines.on('close', () => process.exit())
}

/** What this program runs on: `node 20.20.2`. Bun and Deno say that they are a Node.js, too. */
function nameRuntime(): string {
  const { Bun, Deno } = globalThis as { Bun?: { version: string }; Deno?: { version: { deno: string } } }
  if (Bun !== undefined) return `bun ${Bun.version}`
  if (Deno !== undefined) return `deno ${Deno.version.deno}`
  return `node ${process.versions.node}`
}
