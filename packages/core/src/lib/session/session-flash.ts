import { addMessages, fieldOfQueue, flashOf, messagesOf } from './flash.ts'
import type { FlashMessage, FlashOptions } from './session.ts'
import { checkOpen, loadedData, track, writableData } from './session-acts.ts'
import { type SessionState, storedFields } from './session-state.ts'
import type { ChangeMaker } from './session-writer.ts'
import { writeSession } from './write-session.ts'

export function leaveFlash(state: SessionState, message: unknown, options?: FlashOptions): void {
  checkOpen(state, 'session.flash')
  loadedData(state, 'session.flash')
  state.flashes.push(flashOf(message, options))
}

export function peekFlash<Message>(state: SessionState, queue?: string): readonly FlashMessage<Message>[] {
  const field = fieldOfQueue(queue)
  loadedData(state, 'session.peekFlash')
  return messagesOf(withPending(state, field, storedFields(state).get(field)))
}

export function takeFlash<Message>(state: SessionState, queue?: string): Promise<readonly FlashMessage<Message>[]> {
  return track(state, async () => {
    const field = fieldOfQueue(queue)
    await writableData(state, 'session.takeFlash')
    let taken: string | undefined
    if (storedFields(state).has(field)) {
      const removal: ChangeMaker = (fields, won) => {
        // Behind a login they are the user's, and wait for the user's next page.
        const isOurs = won === undefined
        taken = isOurs ? fields.get(field) : undefined
        return new Map(isOurs ? [[field, undefined]] : [])
      }
      await writeSession(state.context, state, removal, 'session.takeFlash')
    }
    const messages = messagesOf<Message>(withPending(state, field, taken))
    state.flashes = state.flashes.filter((pending) => pending.field !== field)
    return messages
  })
}

/** A queue with the messages of it that are not stored yet. */
function withPending({ flashes }: SessionState, field: string, stored: string | undefined): string | undefined {
  const changes = new Map([[field, stored]])
  const own = flashes.filter((pending) => pending.field === field)
  addMessages(changes, new Map(), own)
  return changes.get(field)
}
