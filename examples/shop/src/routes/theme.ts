import { field, localPath } from '../form.ts'
import type { Route } from '../route.ts'
import { parseTheme } from '../theme.ts'
import { tellEnd } from '../view.ts'

export function themeRoutes(): Route[] {
  return [
    {
      method: 'POST',
      path: '/theme',
      isOpen: true,
      handle: ({ session, form }) => {
        tellEnd(session)
        const theme = parseTheme(field(form, 'theme'))
        if (theme === undefined) delete session.data.theme
        else session.data.theme = theme
        return { redirect: localPath(field(form, 'back')) ?? '/' }
      },
    },
  ]
}
