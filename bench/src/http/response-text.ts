/** A response that has arrived as a whole. */
export interface ResponseText {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The response that the bytes (as latin1) are, or `undefined` while something of it is missing. It must tell its length. */
export function readResponse(text: string): ResponseText | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`a response does not tell its length: ${JSON.stringify(text)}`)
  const bodyStart = headEnd + 4
  const missing = bodyStart + Number(length) - text.length
  if (missing > 0) return undefined
  if (missing < 0) throw new Error(`there is more than one response: ${JSON.stringify(text)}`)
  return { status: Number(text.slice(9, 12)), head: text.slice(0, headEnd), body: text.slice(bodyStart) }
}

/** `name=value` of the first cookie that a response sets. */
export function cookieIn(head: string): string | undefined {
  return /\r\nset-cookie: *([^;\r]+)/i.exec(head)?.[1]
}
