import { spawn } from 'node:child_process'

// Reads until the pipe closes, which the system does for us however our process ends, SIGKILL included.
const script = 'trap "" INT TERM HUP; read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"'

/**
 * Kills the process and removes its folder when ours ends, in whatever way. Returns what calls the watch off, to be used
 * as soon as the process has ended: its number may be given to another one afterwards.
 */
export function guardProcess(pid: number, folder: string): () => void {
  // `detached` keeps it out of our process group: a Ctrl-C at the terminal must not end the guard first.
  const guard = spawn('sh', ['-c', script, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  guard.unref()
  const pipe = guard.stdin as typeof guard.stdin & { unref?: () => void }
  pipe.unref?.()
  return () => void guard.kill('SIGKILL')
}
