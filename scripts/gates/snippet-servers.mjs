import { Server } from 'node:net'

// Loaded before a README snippet: whatever port its server asks for, it gets a free one, and it does not keep the
// process alive, so a snippet that only starts a server ends by itself. What it needs while it serves, a connection to Redis for
// instance, would keep it: a program that serves has half a second to fail, and is ended then.
const listen = Server.prototype.listen
Object.assign(Server.prototype, {
  /**
   * @this {Server}
   * @param {unknown[]} args
   */
  listen(...args) {
    const callback = /** @type {(() => void) | undefined} */ (args.filter((given) => typeof given === 'function').pop())
    const listening = listen.call(this, { port: 0, host: '127.0.0.1' }, callback)
    this.unref()
    this.once('listening', () => setTimeout(() => process.exit(), 500).unref())
    return listening
  },
})
