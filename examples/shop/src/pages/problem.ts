import { type Html, html } from '../html.ts'

interface Words {
  readonly title: string
  readonly text: string
}

const words: Record<number, Words> = {
  404: { title: 'There is no such page', text: 'It may have been here once.' },
  409: {
    title: 'You were logged out meanwhile',
    text: 'Somebody, perhaps you in another window, ended this session. What you did last was not kept.',
  },
  413: { title: 'That was too much', text: 'The form you sent is larger than any the shop has.' },
  503: {
    title: 'The shop is out of breath',
    text: 'The storage of carts and logins does not answer. Please try again in a moment.',
  },
}
const theirs: Words = { title: 'That did not make sense', text: 'The shop could not read what your browser sent.' }
const ours: Words = { title: 'Something broke', text: 'It is our fault, not yours, and we have a note of it.' }

export function problemWords(status: number): Words {
  return words[status] ?? (status < 500 ? theirs : ours)
}

export function problemPage(status: number): Html {
  const { title, text } = problemWords(status)
  return html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p><a href="/">Back to the pots</a></p>`
}
