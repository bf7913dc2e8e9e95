import type { Redis } from 'ioredis'

/** The ids of the connections that the server reports changes to. */
export async function trackingClients(admin: Redis): Promise<string[]> {
  const lines = String(await admin.call('CLIENT', 'LIST'))
    .trim()
    .split('\n')
  const tracking = lines.filter((line) => / flags=\w*t/.test(line))
  return tracking.map((line) => /^id=(\d+)/.exec(line)?.[1] as string)
}

/** Ends them all, as an administrator would; how many there were. */
export async function killTracking(admin: Redis): Promise<number> {
  const ids = await trackingClients(admin)
  await Promise.all(ids.map((id) => admin.call('CLIENT', 'KILL', 'ID', id)))
  return ids.length
}
