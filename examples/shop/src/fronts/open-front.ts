import type { RequestListener } from 'node:http'
import type { FrontName } from '../settings.ts'
import type { Shop } from '../shop.ts'

/** The shop on one of its frameworks, as what a node:http server listens with. Only that one is loaded. */
export async function openFront(name: FrontName, shop: Shop): Promise<RequestListener> {
  switch (name) {
    case 'express':
      return (await import('./express.ts')).createExpressFront(shop)
    case 'fastify':
      return (await import('./fastify.ts')).createFastifyFront(shop)
    case 'hono':
      return (await import('./hono.ts')).createHonoFront(shop)
  }
}
