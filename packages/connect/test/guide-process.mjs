import { Server } from 'node:net'

// Loaded before a program of a guide: whatever port its server asks for, it gets a free one, and tells the test which.
const listen = Server.prototype.listen
Object.assign(Server.prototype, {
  /**
   * @this {Server}
   * @param {unknown[]} args
   */
  listen(...args) {
    const callback = /** @type {(() => void) | undefined} */ (args.filter((given) => typeof given === 'function').pop())
    this.once('listening', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (this.address())
      process.send?.(`http://127.0.0.1:${port}`)
    })
    return listen.call(this, { port: 0, host: '127.0.0.1' }, callback)
  },
})
