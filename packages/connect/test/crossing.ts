/** Handlers wait here until `expected` of them have come; then all go on. */
export function createMeeting(expected: number) {
  let come = 0
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return {
    arrive: () => {
      come += 1
      if (come === expected) open()
      return opened
    },
  }
}

/** A handler waits here until the test lets it go on. */
export function createPause() {
  let go = () => {}
  let say = () => {}
  const opened = new Promise<void>((resolve) => (go = resolve))
  const arrived = new Promise<void>((resolve) => (say = resolve))
  return {
    arrive: () => {
      say()
      return opened
    },
    arrived,
    go: () => go(),
  }
}
