export {
  checkCompareAndSet,
  checkDelta,
  checkEntries,
  checkKey,
  checkKeys,
  checkListener,
  checkTtl,
  checkValue,
  misuse,
} from './lib/store/checks.ts'
export { type AbilityOverrides, type Decorated, decorateStore, innerStore } from './lib/store/decorate-store.ts'
export {
  isTransientError,
  quoteKey,
  TransientError,
  type TransientErrorCode,
  type TransientErrorDetails,
  wrapError,
} from './lib/store/errors.ts'
export {
  type CompareAndSetOptions,
  type Counter,
  type GetOptions,
  type InspectableStore,
  isInspectable,
  isWatchable,
  type Milliseconds,
  type StoreChange,
  type StoreEntry,
  type TransientStore,
  type WatchableStore,
} from './lib/store/transient-store.ts'
