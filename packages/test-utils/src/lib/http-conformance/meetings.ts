import type { WorldGate } from './world.ts'

/** Places where handlers wait for the test, or for one another. */
export interface Meetings {
  /** Where nobody has opened a meeting, nobody waits. */
  attend(place: string | null): Promise<void>
  open(place: string): WorldGate
  /** Lets everybody go. */
  close(): void
}

interface Meeting {
  count: number
  readonly waiters: { readonly count: number; readonly resolve: () => void }[]
  readonly over: Promise<void>
  end(): void
}

export function createMeetings(): Meetings {
  const meetings = new Map<string, Meeting>()
  return {
    async attend(place) {
      const meeting = place === null ? undefined : meetings.get(place)
      if (meeting === undefined) return
      meeting.count += 1
      for (const { count, resolve } of meeting.waiters) if (meeting.count >= count) resolve()
      await meeting.over
    },
    open(place) {
      let end = () => {}
      const over = new Promise<void>((resolve) => (end = resolve))
      const meeting: Meeting = { count: 0, waiters: [], over, end }
      meetings.set(place, meeting)
      return {
        arrived: (count = 1) =>
          new Promise<void>((resolve) => {
            if (meeting.count >= count) resolve()
            else meeting.waiters.push({ count, resolve })
          }),
        release: async () => meeting.end(),
      }
    },
    close() {
      for (const meeting of meetings.values()) meeting.end()
    },
  }
}
