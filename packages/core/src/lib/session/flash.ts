import { stringify } from '../codec/json.ts'
import { misuse } from '../store/checks.ts'
import type { FlashMessage, FlashOptions } from './session.ts'
import type { FieldChanges } from './session-data.ts'
import { parseField } from './session-data.ts'
import { flashField } from './system-fields.ts'

/** A message that waits to be stored. */
export interface PendingFlash {
  /** The field of its queue. */
  readonly field: string
  /** The message with its kind, as JSON. */
  readonly text: string
  readonly allowDuplicate: boolean
}

/** A message as it will be stored: it is made text at once, so that later changes of it, and a value without JSON form, are no surprise. */
export function flashOf(message: unknown, options: FlashOptions = {}): PendingFlash {
  const { queue = '', kind = 'info', allowDuplicate = true } = options
  if (typeof kind !== 'string') throw misuse(new TypeError('the kind of a flash message must be a string'))
  stringify(message, 'the flash message')
  return { field: fieldOfQueue(queue), text: stringify({ kind, message }), allowDuplicate }
}

/** The name of a queue's field. */
export function fieldOfQueue(queue: unknown = ''): string {
  if (typeof queue !== 'string') throw misuse(new TypeError('the queue of a flash message must be a string'))
  return flashField(queue)
}

/** The queue's messages, or none if what is stored is damaged. */
export function messagesOf<Message>(text: string | undefined): FlashMessage<Message>[] {
  const messages = parseField(text)
  return Array.isArray(messages) ? (messages as FlashMessage<Message>[]) : []
}

/** Adds the messages to the queues as they are in `fields`, or in `changes`, which has what is to be stored beside them. */
export function addMessages(
  changes: FieldChanges,
  fields: ReadonlyMap<string, string>,
  flashes: readonly PendingFlash[],
): void {
  for (const { field, text, allowDuplicate } of flashes) {
    const queue = changes.has(field) ? changes.get(field) : fields.get(field)
    const waiting = messagesOf(queue).map((message) => JSON.stringify(message))
    if (allowDuplicate || !waiting.includes(text)) changes.set(field, `[${[...waiting, text].join(',')}]`)
  }
}
