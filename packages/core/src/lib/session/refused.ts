import { TransientError, type TransientErrorCode } from '../store/errors.ts'

/** The error of a write of which nothing reached the store. */
export function refused(code: TransientErrorCode, operation: string, key?: string): TransientError {
  return new TransientError(code, { operation, key, applied: 'no', message: reasons[code] })
}

const reasons: Partial<Record<TransientErrorCode, string>> = {
  'session-sealed': 'the response has left, or is about to: the session takes no change any more',
  'session-not-loaded': 'the session has to be loaded first',
  'session-ended': 'the session was ended elsewhere, and the change was not stored',
}
