import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, spreadOf } from './statistics.ts'
import { formatSpread, type Row, type Table } from './table.ts'
import type { Side } from './work.ts'

const entries = 100_000
const sizes = [100, 1024]

/** What an entry of the memory store takes, beside one of an lru-cache that holds the same Uint8Arrays. */
export async function compareMemoryBytes(pairs: number): Promise<Table> {
  const rows: Row[] = []
  for (const size of sizes) {
    const ours: number[] = []
    const theirs: number[] = []
    for (let pair = 0; pair < pairs; pair += 1) {
      // One at a time and in turns, though nothing but the process itself should matter here.
      const order: readonly Side[] = pair % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours']
      for (const side of order) (side === 'ours' ? ours : theirs).push(await bytesPerEntry(side, size))
    }
    const ratio = spreadOf(ours.map((bytes, pair) => bytes / (theirs[pair] as number)))
    rows.push({
      label: `${size} B`,
      cells: [`${median(ours).toFixed(0)} B`, `${median(theirs).toFixed(0)} B`, formatSpread(ratio)],
      figure: ratio.median,
      aim: { atMost: 1.15 },
    })
  }
  return {
    title: `Memory of an entry among ${entries.toLocaleString('en-US')}, beside lru-cache with the same Uint8Arrays: less is better`,
    columns: ['ours', 'lru-cache', 'ratio'],
    rows,
  }
}

function bytesPerEntry(side: Side, size: number): Promise<number> {
  const program = fileURLToPath(new URL('./held-bytes-process.js', import.meta.url))
  const child = fork(program, [side, String(entries), String(size)], { execArgv: ['--expose-gc'] })
  return new Promise((resolve, reject) => {
    child.once('message', (bytes) => resolve(Number(bytes)))
    child.once('exit', () => reject(new Error('the process that measures memory ended')))
  })
}
