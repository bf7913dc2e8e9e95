import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createConnectStore } from '@transient/connect'
import { createMemoryStore } from '@transient/memory'
import express from 'express'
import session from 'express-session'

const store = createConnectStore(createMemoryStore())
const app = express()
app.use(session({ store, secret: 'x', resave: false, saveUninitialized: true }))
app.get('/', (request, response) => {
  const fields: { name?: string } = Object.assign(request.session, { name: 'ÅÄÖ' })
  response.send(`${request.sessionID} ${fields.name}`)
})

async function main(): Promise<void> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const first = await fetch(url)
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await fetch(url, { headers: { cookie } })
  const [before, after, count] = [await first.text(), await second.text(), await store.length()]
  if (before !== after || count !== 1) throw new Error('the session was not found again')
  console.log(before)
  server.close()
  server.closeAllConnections()
}

void main()
