import type { RedisClient, RedisStream } from './redis-client.ts'

// The server gets something to do after this many commands, and again after each fourfold of it, while Node encodes the rest.
const firstFlush = 8

/**
 * Makes the commands of one tick leave together, in few system calls. The returned function is called right before each command.
 *
 * The first command of a tick goes out at once: a lone command pays nothing. From the second on the socket is corked, and
 * `process.nextTick` lets the rest out, so that nothing waits longer than the code that is running anyway. A client without
 * a socket of its own (a cluster, a mock) or without a connection is left alone.
 */
export function batchWrites(client: RedisClient): () => void {
  let commands = 0
  let flushAt = firstFlush
  // The client changes its socket when it reconnects: the one that was corked is the one to uncork.
  let corked: RedisStream | undefined

  function endTick(): void {
    commands = 0
    flushAt = firstFlush
    const stream = corked
    corked = undefined
    stream?.uncork()
  }

  return function beforeCommand() {
    commands += 1
    if (commands === 1) {
      process.nextTick(endTick)
    } else if (corked === undefined) {
      const stream = client.status === 'ready' ? client.stream : undefined
      if (typeof stream?.cork !== 'function') return
      corked = stream
      stream.cork()
    } else if (commands > flushAt) {
      flushAt *= 4
      corked.uncork()
      corked.cork()
    }
  }
}
