import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { csvRow } from '../../src/report/csv.js'

/** Reads rows as RFC 4180 says. */
function parsed(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/gy
  for (let match = field.exec(text); match; match = field.exec(text)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

describe('a row of a CSV file', () => {
  it.each([
    [['a', '', 'c'], 'a,,c\n'],
    [['a, b', 'say "c"', 'two\nlines', 'cr\r'], '"a, b","say ""c""","two\nlines","cr\r"\n'],
    [[' a ', 'ä', "'", '='], " a ,ä,',=\n"],
  ])('%j is written as it should be', (fields, text) => {
    expect(csvRow(fields)).toBe(text)
  })

  it('is read back as it was, whatever stands in it', () => {
    const field = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a') }))
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 1 }), { minLength: 1 }), (rows) => {
        expect(parsed(rows.map(csvRow).join(''))).toEqual(rows)
      }),
    )
  })
})
