import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { packedManifest, readTarball, tarballs } from './tarballs.ts'

export interface Registry {
  readonly url: string
  stop(): Promise<void>
}

/**
 * A registry on a free loopback port that knows the packed tarballs and nothing else, for the `@transient` scope only.
 * So a project installs `@transient/express` by its name, with its version ranges and peers resolved, before it is published.
 */
export async function startRegistry(): Promise<Registry> {
  const packages = new Map<string, { manifest: Record<string, unknown>; archive: Buffer }>()
  for (const tarball of await tarballs()) {
    packages.set(tarball.name, { manifest: await packedManifest(tarball), archive: await readTarball(tarball) })
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    const found = packages.get(path.replace(/\/-\/.*$/, ''))
    if (found === undefined) return response.writeHead(404).end()
    if (path.includes('/-/')) return response.end(found.archive)
    response.setHeader('content-type', 'application/json')
    response.setHeader('cache-control', 'no-store')
    return response.end(JSON.stringify(packument(path, found.manifest, found.archive)))
  })

  function packument(name: string, manifest: Record<string, unknown>, archive: Buffer) {
    const version = String(manifest.version)
    const dist = {
      tarball: `${url}${name}/-/${name.replace('@transient/', '')}-${version}.tgz`,
      integrity: `sha512-${createHash('sha512').update(archive).digest('base64')}`,
      shasum: createHash('sha1').update(archive).digest('hex'),
    }
    // Package managers hold back what was published a moment ago; the date says that this was not.
    const time = {
      created: '2020-01-01T00:00:00.000Z',
      modified: '2020-01-01T00:00:00.000Z',
      [version]: '2020-01-01T00:00:00.000Z',
    }
    return { name, 'dist-tags': { latest: version }, time, versions: { [version]: { ...manifest, dist } } }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the registry has no port')
  const url = `http://127.0.0.1:${address.port}/`
  return {
    url,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}
