import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** What Bun, Deno and most frameworks of today call a server. */
export type WebHandler = (request: Request) => Response | Promise<Response>

/** A node:http server for a web-standard handler, as small as it can be: enough for requests without a body. */
export function createWebServer(handle: WebHandler): Server {
  return createServer((incoming, outgoing) => {
    answer(incoming, outgoing, handle).catch((error: unknown) => {
      outgoing.statusCode = 500
      outgoing.end(String(error))
    })
  })
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handle: WebHandler): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming
  const request = new Request(`http://${headers.host}${url}`, { method, headers: headers as Record<string, string> })
  const response = await handle(request)
  const body = await response.text()
  outgoing.statusCode = response.status
  outgoing.setHeaders(response.headers)
  outgoing.setHeader('Content-Length', Buffer.byteLength(body))
  outgoing.end(body)
}
