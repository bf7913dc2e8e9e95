import * as zlib from 'node:zlib'
import { misuse } from '../store/checks.ts'
import { TransientError, wrapError } from '../store/errors.ts'
import type { Codec } from './codec.ts'

/** How {@link compressed} packs. `'zstd'` needs Node 22.15 or later to write and to read; the others are read everywhere. */
export type CompressionMethod = 'deflate' | 'brotli' | 'zstd'

/** Options of {@link compressed}. */
export interface CompressedOptions {
  /** Values of fewer bytes are left as they are. Default 1024. */
  readonly threshold?: number | undefined
  /** What new values are packed with; all are read. Default `'deflate'`, which is quick at the sizes of a cache. */
  readonly method?: CompressionMethod | undefined
  /** What unpacks to more bytes is damaged, or meant to do harm; a longer value is not packed. Default 64 MiB. */
  readonly maxBytes?: number | undefined
}

interface Packer {
  readonly mark: number
  pack(bytes: Uint8Array): Uint8Array
  unpack(bytes: Uint8Array, maxOutputLength: number): Uint8Array
}

const plainMark = 0
type ZstdSync = (bytes: Uint8Array, options?: { maxOutputLength?: number }) => Uint8Array

function createPackers(): Record<CompressionMethod, Packer | undefined> {
  const { zstdCompressSync, zstdDecompressSync } = zlib as {
    zstdCompressSync?: ZstdSync
    zstdDecompressSync?: ZstdSync
  }
  return {
    deflate: {
      mark: 1,
      pack: (bytes) => zlib.deflateRawSync(bytes),
      unpack: (bytes, maxOutputLength) => zlib.inflateRawSync(bytes, { maxOutputLength }),
    },
    brotli: {
      mark: 2,
      // The default level is for files that are packed once.
      pack: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
      unpack: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
    },
    zstd: zstdCompressSync &&
      zstdDecompressSync && {
        mark: 3,
        pack: zstdCompressSync,
        unpack: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
      },
  }
}

// Marked for bundlers, which would keep it in applications that compress nothing.
const packers = /* @__PURE__ */ createPackers()

/**
 * Packs what another codec writes. One byte in front says how, so that the method and the threshold can be changed while values are stored. A value that would not
 * get smaller is left as it is. Packing is synchronous, and costs time: it is for values of kilobytes that compress well. Compress before you encrypt:
 * `encrypted(compressed(json), keys)` (and not where an attacker chooses part of a secret value and sees its length).
 *
 * What was packed by a method that this Node does not know, is cut short, or unpacks to more than `maxBytes`, is a `decode` error. Impossible options are a
 * `TypeError` or `RangeError` at once.
 *
 * ```ts
 * import { compressed, json } from '@transient/core'
 *
 * const codec = compressed(json, { threshold: 2048 })
 * codec.decode(codec.encode({ text: 'Smörgås '.repeat(1000) })) // the same value, from 68 bytes instead of 10011
 * ```
 */
export function compressed<T>(codec: Codec<T>, options: CompressedOptions = {}): Codec<T> {
  const { threshold = 1024, method = 'deflate', maxBytes = 64 * 1024 * 1024 } = options
  if (!Number.isSafeInteger(threshold) || threshold < 0)
    throw misuse(new RangeError('threshold must be a whole number from 0'))
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw misuse(new RangeError('maxBytes must be a whole number from 1'))
  if (!Object.hasOwn(packers, method)) throw misuse(new TypeError("method must be 'deflate', 'brotli' or 'zstd'"))
  const packer = packers[method]
  if (packer === undefined) throw misuse(new TypeError("method 'zstd' needs Node 22.15 or later"))

  return {
    encode: (value) => {
      const bytes = codec.encode(value)
      // What is longer than `maxBytes` could not be unpacked again.
      if (bytes.length >= threshold && bytes.length <= maxBytes) {
        const packed = packer.pack(bytes)
        if (packed.length < bytes.length) return marked(packer.mark, packed)
      }
      return marked(plainMark, bytes)
    },
    decode: (bytes) => codec.decode(unpack(bytes, maxBytes)),
  }
}

function marked(mark: number, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(bytes.length + 1)
  all[0] = mark
  all.set(bytes, 1)
  return all
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const [mark] = bytes
  const body = bytes.subarray(1)
  if (mark === plainMark) return body
  const packer = Object.values(packers).find((one) => one?.mark === mark)
  const details = { operation: 'compressed.decode', message: 'the bytes cannot be unpacked' }
  if (packer === undefined) throw new TransientError('decode', details)
  try {
    return packer.unpack(body, maxBytes)
  } catch (error) {
    throw wrapError(error, 'decode', details)
  }
}
