import type { Codec } from '../codec/codec.ts'
import { isUnreadable } from '../codec/encrypted.ts'
import { utf8 } from '../codec/utf8.ts'
import { misuse } from '../store/checks.ts'
import { isTransientError } from '../store/errors.ts'
import type { Milliseconds } from '../store/transient-store.ts'
import { decodeRecord, encodeRecord, type SessionRecord, stampLength } from './record.ts'
import { invalidChannel } from './session-events.ts'
import { checkVersion, type Migrate, migrateFields } from './session-migration.ts'
import { withoutEnded } from './system-fields.ts'

/** How records become the bytes of the store: through the application's codec, and in the version of its data. */
export interface RecordCodec {
  /** The bytes of a record that is to stand under `key`, with a fresh stamp. */
  encode(record: SessionRecord, key: string): Uint8Array
  /**
   * The record that stands under `key`, its fields as this version of the application's data has them. `corrupt`: not what any release wrote whole, or
   * written for another key. `unreadable`: of another release, a later version or a key that is not known, and therefore not to be touched.
   */
  decode(bytes: Uint8Array, key: string): SessionRecord | 'corrupt' | 'unreadable'
  /** Text that begins with a stamp and a line break, as the store is to hold it under `key`. */
  seal(bytes: Uint8Array, key: string): Uint8Array
  /** What {@link RecordCodec.seal} was given. */
  open(bytes: Uint8Array, key: string): Uint8Array | 'corrupt' | 'unreadable'
}

export interface RecordCodecOptions {
  readonly codec?: Codec<unknown> | undefined
  readonly version?: number | undefined
  readonly migrate?: Migrate | undefined
  readonly now: () => Milliseconds
}

// After the stamp: a line break in plain text, a zero in front of what a codec wrote, which may be any bytes.
const plainMark = 0x0a
const sealedMark = 0

/** A codec that does not give texts back as they were is a `TypeError`, as is a version that is no version. */
export function createRecordCodec({ codec, version = 0, migrate, now }: RecordCodecOptions): RecordCodec {
  checkVersion(version, migrate)
  const { seal, open } = codec === undefined ? plain : createEnvelope(codec)

  return {
    seal,
    open,
    encode: (record, key) =>
      seal(encodeRecord(record.kind === 'session' && version > 0 ? { ...record, version } : record), key),
    decode: (bytes, key) => {
      const opened = open(bytes, key)
      if (typeof opened === 'string') return opened
      const record = decodeRecord(opened)
      if (typeof record === 'string' || record.kind !== 'session') return record
      const from = record.version ?? 0
      if (from === version) return record
      if (from > version) return 'unreadable'
      if (migrate === undefined) return { ...record, version }
      try {
        // What has ended must not go on under another name.
        return { ...record, version, fields: migrateFields(withoutEnded(record.fields, now()), from, migrate) }
      } catch (error) {
        invalidChannel.publish({ id: key, error })
        return 'unreadable'
      }
    },
  }
}

type Envelope = Pick<RecordCodec, 'seal' | 'open'>

const plain: Envelope = {
  seal: (bytes) => bytes,
  open: (bytes) => (hasStamp(bytes, sealedMark) ? 'unreadable' : bytes),
}

/**
 * The stamp stays as it is, because `compareAndSet` compares it. The key goes along inside, so that a value which somebody moved to another
 * key is none: encryption alone would not tell.
 */
function createEnvelope(codec: Codec<unknown>): Envelope {
  checkCodec(codec)
  return {
    seal: (bytes, key) => {
      const sealed = codec.encode(key + utf8.decode(bytes.subarray(stampLength)))
      return Buffer.concat([bytes.subarray(0, stampLength), Uint8Array.of(sealedMark), sealed])
    },
    open: (bytes, key) => {
      if (!hasStamp(bytes, sealedMark)) return hasStamp(bytes, plainMark) ? 'unreadable' : 'corrupt'
      try {
        const text = codec.decode(bytes.subarray(stampLength + 1))
        if (typeof text !== 'string' || !text.startsWith(`${key}\n`)) return 'corrupt'
        return Buffer.concat([bytes.subarray(0, stampLength), utf8.encode(text.slice(key.length))])
      } catch (error) {
        if (isUnreadable(error)) return 'unreadable'
        // Anything else is a fault of the codec, and says nothing of what is stored.
        if (isTransientError(error) && error.code === 'decode') return 'corrupt'
        throw error
      }
    },
  }
}

/** Whether the bytes begin with a stamp, and go on with the mark. */
function hasStamp(bytes: Uint8Array, mark: number): boolean {
  return bytes[stampLength] === mark && bytes.subarray(0, stampLength).every((byte) => byte > 0x20 && byte < 0x7f)
}

function checkCodec(codec: Codec<unknown>): void {
  const text = 'key\n{"ÅÄÖ":"🦀"}\n.'
  let back: unknown
  try {
    const bytes = codec.encode(text)
    back = bytes instanceof Uint8Array ? codec.decode(bytes) : undefined
  } catch (error) {
    throw misuse(new TypeError('codec must be one for texts', { cause: error }))
  }
  if (back !== text) throw misuse(new TypeError('codec must be one for texts: it does not give back what it was given'))
}
