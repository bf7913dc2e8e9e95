/** How the pages look, if the visitor has chosen; else as the system says. */
export type Theme = 'light' | 'dark'

export const themes: readonly Theme[] = ['light', 'dark']

export function parseTheme(text: string | undefined): Theme | undefined {
  return themes.find((theme) => theme === text)
}
