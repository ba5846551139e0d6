/**
 * A picture of the first start for the README: `harvester start --once` of the demo in a terminal of 80 columns, as
 * an SVG of its lines. Needs `script` of util-linux for the terminal. Usage: `npm run record-start`
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const root = join(import.meta.dirname, '..')
const columns = 80
/** Where a spinner begins its line anew. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const redrawn = /\r|\u001b\[1?G|\u001b\[2K/
const home = mkdtempSync(join(tmpdir(), 'harvester-start-'))
try {
  const command = `stty cols ${columns}; '${process.execPath}' --import '${import.meta.resolve('tsx')}' '${join(root, 'src/cli.ts')}' start --once`
  const output = execFileSync('script', ['-qec', command, '/dev/null'], {
    cwd: home,
    encoding: 'utf8',
    // Plain lines: what is drawn over and over again is no picture.
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  })
  writeFileSync(join(root, 'docs', 'first-start.svg'), svg(lines(output)))
} finally {
  rmSync(home, { recursive: true, force: true })
}

/** The lines as a terminal wraps them, without what is of this machine or this moment. */
function lines(output: string): string[] {
  const plain = output
    .replaceAll('\r\n', '\n')
    .split('\n')
    // What is drawn over again and again is what it was last; the log is told elsewhere.
    .map((line) => line.split(redrawn).at(-1) ?? '')
    .map((line) => stripVTControlCharacters(line).replaceAll(home, '~/erddap-harvester'))
    .filter((line) => !/^ {4}\w+: \d+$/.test(line))
    .filter((line) => !/^\[[\d:]+\] (INFO|WARN|ERROR):/.test(line))
  const wrapped = ['$ npm start -- --once', ...plain].flatMap((line) =>
    line === '' ? [''] : (line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? []),
  )
  const most = 40
  if (wrapped.length <= most) return wrapped
  // The beginning and the summary are what one wants to see.
  return [...wrapped.slice(0, 14), '…', ...wrapped.slice(wrapped.length - (most - 15))]
}

function svg(text: readonly string[]): string {
  const [width, height] = [columns * 7.83 + 32, text.length * 18 + 48]
  const escaped = (line: string) => line.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  const rows = text.map(
    (line, index) => `<text x="16" y="${42 + index * 18}" xml:space="preserve">${escaped(line)}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" role="img" aria-label="The first start of the demo in a terminal">
<rect width="100%" height="100%" rx="8" fill="#10191c"/>
<g fill="#8b979c"><circle cx="18" cy="16" r="5"/><circle cx="36" cy="16" r="5"/><circle cx="54" cy="16" r="5"/></g>
<g fill="#e6edef" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="13">
${rows.join('\n')}
</g>
</svg>
`
}
