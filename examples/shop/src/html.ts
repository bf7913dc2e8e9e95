const markup = Symbol('markup')

/** Markup that may stand in a page as it is. Only {@link html} makes it, so everything else is escaped. */
export interface Html {
  readonly [markup]: string
}

type Part = Html | string | number | false | undefined | readonly Part[]

/** Markup from a template; whatever is put in is escaped unless it is markup itself. `undefined` and `false` put in nothing. */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { [markup]: template.reduce((text, piece, at) => text + render(parts[at - 1]) + piece) }
}

/** The text to send. */
export function textOf(page: Html): string {
  return page[markup]
}

function render(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part))
  return markup in part ? part[markup] : part.map(render).join('')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
