import { type Aim, describeAim, meets } from './aim.ts'
import type { Spread } from './statistics.ts'

/** One line of a table: its figures, and where there is an aim, the one of them that counts. */
export interface Row {
  readonly label: string
  readonly cells: readonly string[]
  readonly aim?: Aim
  /** What the aim is held against; needed where there is one. */
  readonly figure?: number
}

export interface Table {
  readonly title: string
  /** What the cells are, without the label, the aim and the verdict. */
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/** How many aims were met and missed. */
export interface Score {
  readonly met: number
  readonly missed: number
}

export function scoreOf(rows: readonly Row[]): Score {
  const verdicts = rows.map(verdict)
  return {
    met: verdicts.filter((word) => word === 'ok').length,
    missed: verdicts.filter((word) => word === 'missed').length,
  }
}

/** The table as text: labels to the left, figures to the right, each with its aim and `ok` or `missed`. */
export function formatTable({ title, columns, rows }: Table): string {
  const judged = rows.some((row) => row.aim !== undefined)
  const head = ['', ...columns, ...(judged ? ['aim', ''] : [])]
  const body = rows.map((row) => {
    const aim = row.aim === undefined ? '' : describeAim(row.aim)
    return [row.label, ...row.cells, ...(judged ? [aim, verdict(row)] : [])]
  })
  const lines = [head, ...body]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  // The label and the verdict are words.
  const isText = (column: number): boolean => column === 0 || (judged && column === head.length - 1)
  const drawn = lines.map((line) =>
    widths
      .map((width, column) => {
        const cell = line[column] ?? ''
        return isText(column) ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
  return [title, ...drawn].join('\n')
}

function verdict({ label, aim, figure }: Row): 'ok' | 'missed' | '' {
  if (aim === undefined) return ''
  if (figure === undefined) throw new TypeError(`the row "${label}" has an aim and no figure`)
  return meets(aim, figure) ? 'ok' : 'missed'
}

/** `1.283 [1.251 to 1.310]`: the median and the quartiles. */
export function formatSpread({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(3)} [${lowerQuartile.toFixed(3)} to ${upperQuartile.toFixed(3)}]`
}

/** A rate with a thousands separator, without more digits than it has meaning: `409,000/s`. */
export function formatRate(perSecond: number): string {
  const digits = Math.max(0, Math.floor(Math.log10(Math.max(perSecond, 1))) - 2)
  const unit = 10 ** digits
  return `${(Math.round(perSecond / unit) * unit).toLocaleString('en-US')}/s`
}
