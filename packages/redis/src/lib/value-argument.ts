import { isAscii } from 'node:buffer'
import type { RedisArgument } from './redis-client.ts'

/** Bytes up to which a value is looked at: bounds what the look costs. */
const longestText = 1024

/**
 * The value as an argument that the caller cannot change any more. ASCII, which JSON mostly is, becomes text: ioredis encodes a command
 * of nothing but text in one go and one with a Buffer in it piece by piece, and on the wire both are the same bytes.
 */
export function copyOf(value: Uint8Array): RedisArgument {
  return asText(value) ?? Buffer.from(value)
}

/** The same without a copy where it does not become text, for a client that is done with its arguments when the call returns. */
export function viewOf(value: Uint8Array): RedisArgument {
  return asText(value) ?? bufferOver(value)
}

function asText(value: Uint8Array): string | undefined {
  return value.length <= longestText && isAscii(value) ? bufferOver(value).toString('latin1') : undefined
}

function bufferOver(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
