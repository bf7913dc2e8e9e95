export { runHttpConformance } from './lib/http-conformance/http-suite.ts'
export { loadOf, type SiteAnswer, type SiteRoute, type SiteVisit } from './lib/http-conformance/route.ts'
export type {
  ConformanceSite,
  OpenFrontEnd,
  OpenSite,
  SiteOptions,
} from './lib/http-conformance/site.ts'
export type { SiteData } from './lib/http-conformance/site-data.ts'
export { createSiteWorld, type WorldStore } from './lib/http-conformance/site-world.ts'
export type {
  HttpHarness,
  HttpWorld,
  SiteSettings,
  WorldFault,
  WorldGate,
  WorldPlace,
} from './lib/http-conformance/world.ts'
