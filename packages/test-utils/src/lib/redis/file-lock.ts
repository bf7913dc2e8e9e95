import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** Runs one task at a time among the processes of this machine. A lock whose process is gone counts as free. */
export async function withFileLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  while (!(await tryLock(path))) {
    if (!(await isHeld(path))) await rm(path, { force: true })
    // The holder is another process: there is nothing to be notified by.
    else await wait(50)
  }
  try {
    return await task()
  } finally {
    await rm(path, { force: true })
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const text = await readFile(path, 'utf8')
    // Empty for the instant between its creation and its first write; for longer, if that write failed.
    if (text === '') return Date.now() - (await stat(path)).mtimeMs < 5000
    process.kill(Number(text), 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
