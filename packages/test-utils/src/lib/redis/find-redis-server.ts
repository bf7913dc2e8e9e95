import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fetchRedisServer } from './fetch-redis-server.ts'

const programs = ['redis-server', 'valkey-server']

/**
 * The path of a Redis server program. In this order:
 *
 * 1. the path in the environment variable `TRANSIENT_TEST_REDIS_SERVER`; if nothing can be run there, that is a failure;
 * 2. `redis-server`, then `valkey-server`, on the `PATH`;
 * 3. one of an earlier fetch in `node_modules/.cache/transient/redis` of the project;
 * 4. the Debian or Ubuntu package, fetched by `apt-get download` and unpacked there: no root, nothing is installed.
 *
 * Rejects with an `Error` that says what to install if none of this leads to a server.
 */
export async function findRedisServer(): Promise<string> {
  const named = process.env.TRANSIENT_TEST_REDIS_SERVER
  if (named !== undefined && named !== '') {
    if (await isProgram(named)) return named
    throw new Error(`TRANSIENT_TEST_REDIS_SERVER is ${JSON.stringify(named)}, and there is no program that can be run`)
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const program of programs) {
    for (const folder of folders) {
      const path = join(folder, program)
      if (await isProgram(path)) return path
    }
  }
  try {
    return await fetchRedisServer()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `no Redis server: ${programs.join(' and ')} are not on the PATH, and fetching one failed (${reason}). ` +
        'Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) ' +
        'or put the path of a server program into TRANSIENT_TEST_REDIS_SERVER.',
      { cause },
    )
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
