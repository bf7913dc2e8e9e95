/** The fields of a form or query, as they came: one that was repeated is a list. */
export type Fields = Readonly<Record<string, unknown>>

/** How much a form may hold, in bytes. */
export const longestForm = 8 * 1024

/** One text field. A repeated one, or none, is `undefined`. */
export function field(fields: Fields, name: string): string | undefined {
  if (!Object.hasOwn(fields, name)) return undefined
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

/** Where the framework has no parser of its own: what a browser sends as `application/x-www-form-urlencoded`, and nothing else. */
export function parseForm(text: string, contentType: string | undefined): Fields {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(contentType ?? '')?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw Object.assign(new Error('a form has to be UTF-8'), { status: 415, statusCode: 415 })
  return fieldsOf(new URLSearchParams(text))
}

/** For frameworks that leave it to us what they say of a longer form than {@link longestForm}. */
export function tooLong(): Error {
  return Object.assign(new Error('a form that is too long'), { status: 413 })
}

export function fieldsOf(pairs: URLSearchParams): Fields {
  return Object.fromEntries(
    [...new Set(pairs.keys())].map((name) => {
      const values = pairs.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}

/** A path of this shop to go on to, and nothing that a browser could take for another site. */
export function localPath(text: string | undefined): string | undefined {
  return text !== undefined && /^\/(?:[\w?=&-][\w/?=&-]*)?$/.test(text) ? text : undefined
}
