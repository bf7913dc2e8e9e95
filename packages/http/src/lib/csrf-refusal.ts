import type { CsrfProblem } from './csrf.ts'

/** A refused request, as an error for a framework's error handling. */
export interface CsrfError extends Error {
  readonly code: 'csrf'
  readonly status: 403
  readonly statusCode: 403
  /** Whether visitors may read the message. */
  readonly expose: true
  readonly problem: CsrfProblem
}

/** A refused request, as an answer. */
export interface CsrfRefusal {
  readonly status: 403
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const title = 'This form could not be accepted'
const advice =
  'It was open for too long, or you logged in or out in the meantime, or it did not come from this site. Nothing was changed. Go back, reload the page and try again.'

/** The error of `onFailure: 'throw'`. */
export function csrfError(problem: CsrfProblem): CsrfError {
  const details = { code: 'csrf', status: 403, statusCode: 403, expose: true, problem } as const
  return Object.assign(new Error(`${title} (${problem}). ${advice}`), details)
}

/** The answer of `onFailure: 'answer'`, in what the client likes best: a page, JSON, or text. */
export function csrfRefusal(accept: string | null | undefined): CsrfRefusal {
  const [type, body] = forms[best(accept ?? '*/*')]
  return {
    status: 403,
    headers: { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-store' },
    body,
  }
}

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${advice}</p>
</main>
</body>
</html>
`

const forms = {
  'text/html': ['text/html; charset=utf-8', html],
  'application/json': ['application/json', JSON.stringify({ error: 'csrf', message: `${title}. ${advice}` })],
  'text/plain': ['text/plain; charset=utf-8', `${title}. ${advice}\n`],
} as const
type Form = keyof typeof forms

/**
 * The form with the highest weight; of equal ones the one that is named, as scripts ask for JSON or anything else; of those the page.
 * https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
function best(accept: string): Form {
  const weights = new Map<string, number>()
  for (const range of accept.toLowerCase().split(',', 32)) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    const weight = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1)
    weights.set(name, Number.isFinite(weight) ? weight : 0)
  }
  let liked: Form = 'text/html'
  let most = 0
  for (const form of Object.keys(forms) as Form[]) {
    const ranges = [form, `${form.split('/')[0]}/*`, '*/*']
    const distance = ranges.findIndex((range) => weights.has(range))
    const weight = weights.get(ranges[distance] ?? '') ?? 0
    // Weights have three digits.
    const liking = weight > 0 ? weight - distance / 10_000 : 0
    if (liking > most) {
      liked = form
      most = liking
    }
  }
  return liked
}
