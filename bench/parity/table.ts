import type { Findings, Row, Time, Versions } from './row.js'

const HEADS = ['check', 'values', 'largest difference', 'relative', 'tolerance', 'verdict']

/** The table as text, a block a group. */
export function textTable({ rows, times, versions }: Findings): string {
  const cells = rows.map(cellsOf)
  const widths = HEADS.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        [1, 2, 3].includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const blocks = groupsOf(rows).map(([group, members]) =>
    [
      group,
      ...members.flatMap((row) => [`  ${line(cellsOf(row))}`, ...(row.detail ? [`      ${row.detail}`] : [])]),
    ].join('\n'),
  )
  return [`  ${line(HEADS)}`, ...blocks, ...timesText(times), versionsText(versions)].join('\n\n')
}

/** The same as Markdown. */
export function markdownTable({ rows, times, versions }: Findings): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const tables = groupsOf(rows).map(([group, members]) =>
    [
      `**${group}**`,
      '',
      line(HEADS),
      '| --- | --: | --: | --: | --- | --- |',
      ...members.map((row) =>
        line([...cellsOf(row).slice(0, 5), verdictOf(row) + (row.detail ? ` (${row.detail})` : '')]),
      ),
    ].join('\n'),
  )
  return [...tables, ...timesText(times), versionsText(versions)].join('\n\n')
}

function groupsOf(rows: readonly Row[]): [string, Row[]][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row])
  return [...groups]
}

function cellsOf(row: Row): string[] {
  const { name, cases, maxAbs, maxRel, tolerance } = row
  return [name, cases.toLocaleString('en-US'), said(maxAbs), said(maxRel), tolerance, verdictOf(row)]
}

const verdictOf = ({ ok }: Row): string => (ok === null ? 'left out' : ok ? 'ok' : 'FAILED')

function said(difference: number | null): string {
  if (difference === null) return '-'
  return difference === 0 ? 'equal' : difference.toExponential(1)
}

function timesText(times: readonly Time[]): string[] {
  if (times.length === 0) return []
  const lines = times.map(
    ({ name, ours, reference, where }) =>
      `- ${name}: ${milliseconds(ours)}, the reference ${milliseconds(reference)} (${where}): ` +
      `${(reference / ours).toFixed(0)} times as fast`,
  )
  return [['Times, compiled, best of several:', '', ...lines].join('\n')]
}

const milliseconds = (seconds: number): string =>
  `${(seconds * 1000).toLocaleString('en-US', { maximumFractionDigits: 1 })} ms`

function versionsText({ reference, ...ours }: Versions): string {
  const list = (versions: unknown) =>
    Object.entries(versions ?? {})
      .map(([name, version]) => `${name} ${String(version)}`)
      .join(', ')
  return `Ours: ${list(ours) || 'not told'}.\n\nTheirs: ${list(reference) || 'not told'}.`
}
