/** What each package may import of the others: the doors named here, nothing else. Downward only, see ARCHITECTURE.md. */
const doors = {
  core: [],
  memory: ['core/src/store.ts'],
  redis: ['core/src/store.ts'],
  // The mock is the Redis adapter over ioredis-mock: the one adapter that imports another.
  mock: ['core/src/store.ts', 'redis/src/index.ts'],
  http: ['core/src/index.ts', 'core/src/store.ts'],
  express: ['core/src/index.ts', 'core/src/store.ts', 'http/src/index.ts'],
  fastify: ['core/src/index.ts', 'core/src/store.ts', 'http/src/index.ts'],
  hono: ['core/src/index.ts', 'core/src/store.ts', 'http/src/index.ts'],
  koa: ['core/src/index.ts', 'core/src/store.ts', 'http/src/index.ts'],
  connect: ['core/src/index.ts', 'core/src/store.ts'],
  'test-utils': ['core/src/index.ts', 'core/src/store.ts', 'redis/src/index.ts'],
}

/** What each folder of core may import of the other folders. */
const rooms = {
  store: [],
  schema: [],
  codec: ['store'],
  session: ['store', 'codec', 'schema'],
  cache: ['store', 'codec', 'schema'],
}

/** @param {readonly string[]} paths */
const either = (paths) => `(${paths.map((path) => path.replaceAll('.', '\\.')).join('|')})`

const layers = Object.entries(doors).map(([name, allowed]) => ({
  name: `layer-${name}`,
  comment: `@transient/${name} may import of our packages: ${allowed.join(', ') || 'none'}`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: { path: '^packages/', pathNot: `^packages/(${name}/${allowed.length > 0 ? `|${either(allowed)}$` : ''})` },
}))

const folders = Object.entries(rooms).map(([name, allowed]) => ({
  name: `core-${name}`,
  comment: `core/src/lib/${name} may import of core: ${allowed.join(', ') || 'nothing but itself'}`,
  severity: 'error',
  from: { path: `^packages/core/src/lib/${name}/` },
  to: { path: '^packages/core/src/lib/', pathNot: `^packages/core/src/lib/${either([name, ...allowed])}/` },
}))

module.exports = {
  forbidden: [
    ...layers,
    ...folders,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'doors-lead-outside',
      comment: 'code inside a package imports the file it needs, not the door of its own package',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/lib/' },
      to: { path: '^packages/$1/src/[^/]+$' },
    },
    {
      name: 'core-has-no-dependencies',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { dependencyTypesNot: ['local', 'core'] },
    },
    {
      name: 'only-declared-dependencies',
      comment: 'what a published package imports must be in its dependencies or peerDependencies',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm', 'npm-peer'],
      },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
}
