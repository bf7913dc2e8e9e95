import { type Codec, isTransientError, json, number, TransientError, utf8, withPrefix } from '@transient/core'
import { checkKey, TransientError as SameError, wrapError } from '@transient/core/store'

const text: string = utf8.decode(utf8.encode('ÅÄÖ'))
const cart = json as Codec<{ items: string[] }>
const items: string[] = cart.decode(cart.encode({ items: [text] })).items
const count: number = number.decode(number.encode(3))
checkKey('key')

const error = wrapError(new Error('gone'), 'unavailable', { operation: 'get', key: 'key' })
if (!isTransientError(error) || error.code !== 'unavailable')
  throw new Error('an error of one door is unknown to the other')
if (TransientError !== SameError || typeof withPrefix !== 'function') throw new Error('the two doors are two copies')
console.log(items[0], count)
