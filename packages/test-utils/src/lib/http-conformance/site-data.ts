/** What the sessions of the reference site hold. */
export interface SiteData {
  /** Texts that a request may name and set. */
  [text: `text${string}`]: string | undefined
  note?: string
  count?: number
  list?: string[]
  posted?: number
}
