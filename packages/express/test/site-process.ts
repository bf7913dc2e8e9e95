// One process of a site with several: its handlers meet where the parent says so.
import { createRedisStore } from '@transient/redis'
import { createApp, listen } from './site.ts'

const say = (message: string) => void process.send?.(message)
const waiting: (() => void)[] = []

const meeting = {
  arrive: () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve)
      say('arrived')
    }),
}
process.on('message', () => {
  for (const go of waiting.splice(0)) go()
})
process.on('disconnect', () => process.exit())

const store = createRedisStore(process.argv[2] as string)
const { app } = createApp(store, { meeting, sessions: { deadline: '20s' } })
say((await listen(app)).origin)
