import { isCsrfToken, issueCsrfToken } from './csrf.ts'
import { checkOpen, loadedData } from './session-acts.ts'
import { keyOf, type SessionState } from './session-state.ts'
import { hashId, newId } from './token.ts'

export function issueToken(state: SessionState): string {
  loadedData(state, 'session.csrfToken')
  const { standing, context } = state
  let key = standing.at === 'left' ? hashId(newId()) : keyOf(standing)
  if (key === undefined) {
    if (state.nextId === undefined) checkOpen(state, 'session.csrfToken')
    state.nextId ??= newId()
    key = hashId(state.nextId)
  }
  return issueCsrfToken(context.ring.csrfKeys[0], key)
}

export function verifyToken({ standing, nextId, context }: SessionState, given: unknown): boolean {
  if (standing.at === 'left') return false
  const ids = standing.at === 'stored' ? [standing.snapshot.key, standing.key] : [keyOf(standing)]
  if (standing.at === 'visitor' && nextId !== undefined) ids.push(hashId(nextId))
  const known = ids.filter((id) => id !== undefined)
  return isCsrfToken(context.ring.csrfKeys, known, given)
}
