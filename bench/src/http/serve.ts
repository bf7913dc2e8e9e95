import { createPages } from './page.ts'
import type { Assignment, Framework, Served, ServerOrder } from './server-order.ts'

// Loaded when asked for: a server's process has its own framework in it and no other.
const starts: Record<Framework, (assignment: Assignment) => Promise<Served>> = {
  express: async (assignment) => (await import('./serve-express.ts')).serveExpress(assignment),
  fastify: async (assignment) => (await import('./serve-fastify.ts')).serveFastify(assignment),
  hono: async (assignment) => (await import('./serve-hono.ts')).serveHono(assignment),
  koa: async (assignment) => (await import('./serve-koa.ts')).serveKoa(assignment),
  'node:http': async (assignment) => (await import('./serve-node.ts')).serveNode(assignment),
  web: async (assignment) => (await import('./serve-web.ts')).serveWeb(assignment),
}

/** Starts the server of an order on a free port. */
export function serveOrder(order: ServerOrder): Promise<Served> {
  return starts[order.framework]({ order, pages: createPages(order.shape) })
}
