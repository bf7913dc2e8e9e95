import { runOn } from '../src/run-on.ts'

runOn('Node 20', {
  'node:http': { path: 'packages/http/test/conformance-site.ts', exported: 'openNodeSite' },
  'Request and Response': { path: 'packages/http/test/conformance-web-site.ts', exported: 'openWebSite' },
  'Express 5': { path: 'packages/express/test/conformance-site.ts', exported: 'openExpress5Site' },
  'Express 4': { path: 'packages/express/test/conformance-site.ts', exported: 'openExpress4Site' },
  Fastify: { path: 'packages/fastify/test/conformance-site.ts', exported: 'openFastifySite' },
  Hono: { path: 'packages/hono/test/conformance-site.ts', exported: 'openHonoSite' },
  Koa: { path: 'packages/koa/test/conformance-site.ts', exported: 'openKoa3Site' },
})
