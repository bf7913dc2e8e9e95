// node --import scripts/alias-sources.mjs: `@transient/…` is the sources, as vitest.workspace.ts has it. For processes that tests start.
import module from 'node:module'

/**
 * Node 22.15 and later have it; the types are those of the oldest Node that the packages promise.
 *
 * @typedef {(specifier: string, context: unknown, next: (specifier: string, context: unknown) => unknown) => unknown} Resolve
 * @typedef {{ registerHooks(hooks: { resolve: Resolve }): void }} WithHooks
 */

const { registerHooks } = /** @type {WithHooks} */ (/** @type {unknown} */ (module))

registerHooks({
  resolve: (specifier, context, next) => {
    const [, name, door = 'index'] = /^@transient\/([a-z-]+)(?:\/([a-z-]+))?$/.exec(specifier) ?? []
    return next(
      name === undefined ? specifier : new URL(`../packages/${name}/src/${door}.ts`, import.meta.url).href,
      context,
    )
  },
})
