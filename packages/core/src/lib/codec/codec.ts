/**
 * How values become bytes and bytes become values. `encode` throws a `TypeError` for a value it cannot represent, before any
 * I/O; `decode` throws a `TransientError` with code `decode` for bytes that `encode` cannot have written.
 */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}
