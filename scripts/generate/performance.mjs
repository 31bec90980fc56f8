// Makes docs/performance/figures.md, the readable form of what `npm run -s bench -- --json` has written beside it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { format, resolveConfig } from 'prettier'

const number = (value) =>
  Math.abs(value) < 100 && !Number.isInteger(value)
    ? String(Number(value.toPrecision(3)))
    : Math.round(value).toLocaleString('en-US')

function row({ name, unit, ours, spread, baselineName, baseline, ratio, target, ok }, place) {
  const run = ours !== null
  const cells = [
    String(place + 1),
    name,
    run ? `${number(ours)} ${unit} (${spread.map(number).join(' to ')})` : 'not run',
    baseline === null ? baselineName : `${number(ratio)} x ${number(baseline)} ${unit}: ${baselineName}`,
    target,
    ok === null ? '' : ok ? 'yes' : '**no**',
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

export async function generatePerformance(from, to) {
  const { command, date, device, processor, cores, versions, rows } = JSON.parse(readFileSync(from, 'utf8'))
  const text = [
    '# Figures',
    `\`${command}\` on ${date}: ${device}, ${cores} cores of ${processor}; ${Object.entries(versions)
      .map((pair) => pair.join(' '))
      .join(', ')}. Made from [figures.json](figures.json) by \`npm run generate\`; each median with its smallest and`,
    'largest value, beside a baseline that was measured in turn with it.',
    '',
    '|  | what | ours | beside | wanted | held |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(row),
    '',
    ...rows.flatMap(({ detail }, place) => (detail ? [`- ${place + 1}: ${detail}`] : [])),
  ].join('\n')
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, await format(text, { ...(await resolveConfig(from)), parser: 'markdown' }))
}
