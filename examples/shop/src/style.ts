const light = `color-scheme: light;
  --paper: #faf7f2; --card: #ffffff; --ink: #24211d; --quiet: #5f584e; --line: #d9d0c3; --accent: #8c3b1f; --accent-ink: #ffffff; --wash: #f1e9dd;
  --good: #3f6b3a; --good-wash: #e6f0e4; --warn: #8a5a00; --warn-wash: #fbf0d9; --bad: #9c1c1c; --bad-wash: #fbeaea;`
const dark = `color-scheme: dark;
  --paper: #1c1a17; --card: #26231f; --ink: #f2ece2; --quiet: #b8ae9f; --line: #454037; --accent: #f0a683; --accent-ink: #24140c; --wash: #322d26;
  --good: #9fcf98; --good-wash: #24352a; --warn: #f0c674; --warn-wash: #3a2f17; --bad: #ffb3ab; --bad-wash: #402020;`

export const style = `
:root { ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
:root[data-theme="light"] { ${light} }
:root[data-theme="dark"] { ${dark} }
* { box-sizing: border-box; }
body { margin: 0; display: flex; flex-direction: column; min-height: 100vh; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
h1, h2 { font-family: Georgia, 'Iowan Old Style', serif; font-weight: 600; line-height: 1.2; margin: 0 0 .5em; }
h1 { font-size: clamp(1.7rem, 5vw, 2.4rem); }
p { margin: 0 0 1em; }
.skip { position: absolute; left: -999rem; padding: .7rem 1rem; background: var(--accent); color: var(--accent-ink); }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; }
.wrap { width: 100%; max-width: 68rem; margin: 0 auto; padding-inline: 1.25rem; }
header { border-bottom: 1px solid var(--line); background: var(--card); }
header .wrap { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding-block: .75rem; }
.brand { font: 600 1.35rem Georgia, serif; color: var(--ink); text-decoration: none; margin-right: auto; padding: .4rem 0; }
nav ul { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; }
nav a { display: inline-block; padding: .5rem 0; }
nav a[aria-current] { color: var(--ink); font-weight: 600; }
main { flex: 1; padding-block: 2.25rem 3.5rem; }
main:focus { outline: none; }
footer { border-top: 1px solid var(--line); color: var(--quiet); font-size: .95rem; padding: 1.25rem 0; }
footer p { margin-block: 0; }
.lead { color: var(--quiet); max-width: 40rem; margin-bottom: 1.75rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 1.25rem; list-style: none; margin: 0; padding: 0; }
.card { display: flex; flex-direction: column; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
.card h2 { font-size: 1.15rem; margin: 0; }
.card .body { display: flex; flex-direction: column; flex: 1; gap: .3rem; padding: 1rem; }
.card .foot { display: flex; align-items: center; justify-content: space-between; gap: .75rem; margin-top: auto; padding-top: .5rem; }
.drawing { display: block; width: 100%; height: 9.5rem; padding: 1.6rem; background: var(--wash); fill: none; stroke: var(--accent); stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.price { font-variant-numeric: tabular-nums; font-weight: 600; white-space: nowrap; }
.product { display: grid; gap: 2rem; grid-template-columns: minmax(0, 1fr); }
.product .drawing { height: 18rem; border-radius: .6rem; }
@media (min-width: 46rem) { .product { grid-template-columns: 1fr 1fr; align-items: center; } }
button, .button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.1rem; border: 1px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--accent-ink); cursor: pointer; }
button.plain { background: transparent; color: var(--accent); }
button.text { min-height: 2.5rem; padding: .5rem 0; border: 0; background: none; color: var(--accent); font-weight: 400; text-decoration: underline; text-underline-offset: .2em; }
button:hover { filter: brightness(1.08); }
label { font-weight: 600; }
input { font: inherit; min-height: 2.75rem; padding: .4rem .7rem; border: 1px solid var(--quiet); border-radius: .4rem; background: var(--card); color: var(--ink); }
input[type="checkbox"] { width: 1.35rem; min-height: 0; height: 1.35rem; flex: none; margin: .15rem 0 0; accent-color: var(--accent); }
input[aria-invalid] { border: 2px solid var(--bad); }
.number { width: 5rem; }
.field { display: grid; gap: .3rem; margin-bottom: 1.1rem; max-width: 24rem; }
.check { display: flex; gap: .75rem; max-width: 24rem; margin-bottom: 1.4rem; }
.hint { color: var(--quiet); font-size: .95rem; margin: 0; }
.quiet { color: var(--quiet); }
.row > div { display: grid; gap: .4rem; }
.row { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; }
.note { max-width: 44rem; padding: .8rem 1rem; border-left: 4px solid var(--good); border-radius: .3rem; background: var(--good-wash); margin-bottom: 1rem; }
.note + h1, .note + div:not(.note), .note + form { margin-top: 1.5rem; }
.note p:last-child { margin: 0; }
.note.warn { border-color: var(--warn); background: var(--warn-wash); }
.note.bad { border-color: var(--bad); background: var(--bad-wash); }
.error { color: var(--bad); margin: 0; }
.lines { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.lines th, .lines td { padding: .9rem 1rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle; }
.lines thead th { color: var(--quiet); font-size: .95rem; font-weight: 600; }
.lines .amount { text-align: right; }
.lines tfoot th, .lines tfoot td { border-bottom: 0; font-size: 1.15rem; }
.more { margin-top: 1.25rem; }
.devices { list-style: none; margin: 0 0 1.25rem; padding: 0; max-width: 44rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.device { display: flex; align-items: center; justify-content: space-between; gap: .5rem 1.5rem; padding: .9rem 1.1rem; }
.device + .device { border-top: 1px solid var(--line); }
.device h3 { font: 600 1.0625rem/1.4 system-ui, sans-serif; margin: 0 0 .15rem; display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .6rem; }
.device p { color: var(--quiet); font-size: .95rem; margin: 0; }
.device form { flex: none; }
.tag { font-size: .8rem; line-height: 1.3; padding: .15rem .55rem; border-radius: 1rem; background: var(--good-wash); color: var(--good); }
h1 + section { margin-top: 1.75rem; }
.apart { margin-top: 2.75rem; padding-top: 2rem; border-top: 1px solid var(--line); }
.base { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .25rem 1.5rem; }
.themes { display: flex; gap: 0 1.1rem; }
.themes button { color: var(--quiet); font-size: .95rem; }
.themes button[aria-pressed="true"] { color: var(--ink); font-weight: 600; text-decoration: none; }
.demo { border: 1px dashed var(--line); border-radius: .6rem; padding: 1rem 1.25rem; max-width: 24rem; }
.demo h2 { font-size: 1.05rem; }
.demo p { margin: 0; }
.demo .hint { margin-top: .5rem; }
.form + .demo { margin-top: 2rem; }
code { white-space: nowrap; font-size: .95em; background: var(--wash); padding: .1em .35em; border-radius: .25em; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  .grid { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .9rem; }
  .grid .drawing { height: 7.5rem; padding: 1.2rem; }
  .card .body { padding: .8rem; }
  .card .foot { flex-wrap: wrap; gap: .4rem; }
  .card button { padding-inline: .75rem; }
  main { padding-block: 1.5rem 2.5rem; }
  .product .drawing { height: 13rem; }
  .lines, .lines tbody, .lines tfoot { display: block; }
  .lines thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .lines tr { display: grid; grid-template-columns: 1fr auto; gap: .25rem 1rem; padding: 1rem; border-bottom: 1px solid var(--line); align-items: center; }
  .lines tfoot tr { border-bottom: 0; }
  .lines th, .lines td { display: block; padding: 0; border: 0; }
  .lines tbody th { grid-column: 1; }
  .lines tbody td:nth-child(2) { grid-column: 1; grid-row: 2; }
  .lines tbody td.price { grid-column: 2; grid-row: 1; }
  .lines tbody td.remove { grid-column: 2; grid-row: 2; text-align: right; }
  .lines tfoot td:last-child { display: none; }
}
`
