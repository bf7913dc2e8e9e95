/** A verb whose misuse and refusals reject, without the ticks that an async function adds to every call. */
export function rejecting<Arguments extends unknown[], Result>(
  verb: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return (...args) => {
    try {
      return verb(...args)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
