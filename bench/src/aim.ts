/** What a figure should be. */
export type Aim = { readonly atLeast: number } | { readonly atMost: number }

/** Whether the figure, before it is rounded for the table, is what it should be. */
export function meets(aim: Aim, figure: number): boolean {
  return 'atLeast' in aim ? figure >= aim.atLeast : figure <= aim.atMost
}

export function describeAim(aim: Aim): string {
  return 'atLeast' in aim ? `>= ${aim.atLeast}` : `<= ${aim.atMost}`
}
