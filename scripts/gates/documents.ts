import { access, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Check, type Outcome, outcomeOf, root } from './gate.ts'

/**
 * Links of the documents lead somewhere: a link to a file, to a file that is there; one to a file of tests, to a test of that name in it. So a table that
 * says which test holds a promise cannot outlive the test.
 */
export async function checkDocuments(): Promise<Outcome> {
  const checks: Check[] = []
  for (const file of await documents()) {
    const text = await readFile(join(root, file), 'utf8')
    // What stands in a code block is no link.
    const lines = text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, '')).split('\n')
    for (const [index, line] of lines.entries()) {
      for (const [, name = '', target = ''] of line.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:|#)/.test(target)) continue
        checks.push({ title: `${file}:${index + 1} [${name}]`, fault: await faultOf(file, name, target) })
      }
    }
  }
  return outcomeOf(checks)
}

async function documents(): Promise<string[]> {
  const skipped = /(^|\/)(node_modules|dist|\.changeset|\.git)\/|CHANGELOG\.md$/
  return (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.md') && !skipped.test(path)).sort()
}

async function faultOf(file: string, name: string, target: string): Promise<string | undefined> {
  const [path = '', section] = target.split('#')
  const full = join(root, dirname(file), path)
  if (!(await exists(full))) return `there is no ${path}`
  if (section !== undefined && !(await readFile(full, 'utf8')).split('\n').some((line) => slugOf(line) === section))
    return `${path} has no heading for #${section}`
  return path.endsWith('.ts') && !namesTest(await readFile(full, 'utf8'), name)
    ? `${path} has no test of this name`
    : undefined
}

/** Whether the source has a test of that title: the first argument of a call, in any kind of quotes. */
function namesTest(source: string, title: string): boolean {
  const text = title.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return new RegExp(`\\(\\s*(['"\`])${text}\\1`).test(source.replaceAll(/\\(['"`])/g, '$1'))
}

/** A heading as GitHub's links name it. */
function slugOf(line: string): string | undefined {
  const heading = /^#+ +(.+)$/.exec(line)?.[1]
  return heading
    ?.toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
