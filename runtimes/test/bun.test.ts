import { runOn } from '../src/run-on.ts'

runOn('Bun', {
  'Request and Response': { path: 'packages/http/test/conformance-web-site.ts', exported: 'openWebSite' },
  Hono: { path: 'packages/hono/test/conformance-site.ts', exported: 'openHonoSite' },
})
