import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/reliability.md', root), 'utf8')
const rows = [...page.matchAll(/^\| ([LFWS]\d+) .*$/gm)].map(([line, id]) => ({
  id,
  cells: line.split('|').map((cell) => cell.trim()),
}))
const named = rows.flatMap(({ id, cells }) => {
  let file = ''
  return [...(cells[4] ?? '').matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) => {
    if (!/^[\w./-]+\.(py|ts)$/.test(text)) return [{ id, file, name: text }]
    file = text
    return []
  })
})

const range = (letter: string, last: number) =>
  Array.from({ length: last }, (_, index) => `${letter}${String(index + 1)}`)

describe('docs/reliability.md', () => {
  it('tells of every promise once, with a state', () => {
    expect(rows.map(({ id }) => id)).toEqual([...range('L', 7), ...range('F', 14), ...range('W', 8), ...range('S', 10)])
    for (const { id, cells } of rows) {
      expect(cells, id).toHaveLength(7)
      expect(cells[5], id).toMatch(/^(tested|partly|not kept)/)
      expect(cells[4] === 'none', id).toBe(cells[5]?.startsWith('not kept'))
    }
  })

  it.each(named)('$id: $name is in $file', ({ file, name }) => {
    const source = readFileSync(new URL(file, root), 'utf8')
    const quoted = [`'${name}'`, `"${name}"`]
    expect(
      file.endsWith('.py')
        ? source.includes(`def ${name}(`)
        : quoted.some((text) =>
            new RegExp(`\\b(describe|it|test)(\\.each\\(.*\\))?\\(\\s*$`).test(source.split(text)[0] ?? ''),
          ),
    ).toBe(true)
  })
})
