import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

// A nonce of 128 bits and a MAC of 256, in base64url.
const form = /^[\w-]{22}\.[\w-]{43}$/

/**
 * A text that only who has the session's id and our secret can make. The nonce makes it another one each time, so that its bytes
 * cannot be guessed from the length of compressed pages (BREACH).
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function issueCsrfToken(key: KeyObject, id: string): string {
  const nonce = randomBytes(16).toString('base64url')
  return `${nonce}.${mac(key, nonce, id)}`
}

/** Whether the text was made with one of the keys for one of the hashed ids. */
export function isCsrfToken(keys: readonly KeyObject[], ids: readonly string[], text: unknown): boolean {
  if (typeof text !== 'string' || !form.test(text)) return false
  const [nonce, given] = text.split('.') as [string, string]
  // Texts are compared, not the bytes they stand for: base64url has several texts for one MAC. All have the same length.
  const bytes = Buffer.from(given)
  return keys.some((key) => ids.some((id) => timingSafeEqual(bytes, Buffer.from(mac(key, nonce, id)))))
}

function mac(key: KeyObject, nonce: string, id: string): string {
  return createHmac('sha256', key).update(`${nonce}.${id}`).digest('base64url')
}
