import { spawn } from 'node:child_process'

// Reads until the pipe closes, which the system does for us however our process ends, SIGKILL included. Each line is the
// number of the process that runs now, an empty one when none does.
const script = `trap "" INT TERM HUP
pid=
while read -r line; do pid=$line; done
[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
rm -rf "$1"`

/** Ends a server and removes its folder when our own process ends, in whatever way. */
export interface Watchdog {
  /** Says which process to end; `undefined` as soon as it has ended: its number may be given to another one afterwards. */
  guard(pid: number | undefined): void
  callOff(): void
}

export function createWatchdog(folder: string): Watchdog {
  // `detached` keeps it out of our process group: a Ctrl-C at the terminal must not end the watchdog first.
  const dog = spawn('sh', ['-c', script, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  dog.on('error', () => {})
  dog.stdin.on('error', () => {})
  dog.unref()
  const pipe = dog.stdin as typeof dog.stdin & { unref?: () => void }
  pipe.unref?.()
  return {
    guard: (pid) => void pipe.write(`${pid ?? ''}\n`),
    callOff: () => void dog.kill('SIGKILL'),
  }
}
