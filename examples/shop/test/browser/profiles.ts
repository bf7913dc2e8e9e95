import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { findChromium } from './find-chromium.ts'

/** Two minutes: the first run on a machine may have to fetch the browser. */
const patience = 120_000

export interface Profiles {
  /** A browser of somebody else, or on another device: with cookies and tabs of its own, until the test ends. Without scripts unless asked for. */
  open(options?: BrowserContextOptions): Promise<Profile>
}

export interface Profile {
  readonly context: BrowserContext
  tab(): Promise<Page>
  /** The session cookie, or `undefined`. */
  cookie(): Promise<{ readonly value: string; readonly expires: number } | undefined>
}

/** One real, headless Chromium for all tests of a file. */
export function useChromium(): Profiles {
  let browser: Browser | undefined
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: await findChromium() })
  }, patience)
  afterAll(async () => {
    await browser?.close()
  })
  return {
    open: async (options) => {
      const context = await (browser as Browser).newContext({ javaScriptEnabled: false, ...options })
      // Far more than a page takes; whoever waits in vain should say for what before the test is over.
      context.setDefaultTimeout(20_000)
      onTestFinished(() => context.close())
      return {
        context,
        tab: () => context.newPage(),
        cookie: async () => (await context.cookies()).find(({ name }) => name === 'sid'),
      }
    },
  }
}

/** What telephones show. */
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const
export const desk = { viewport: { width: 1280, height: 800 } } as const
