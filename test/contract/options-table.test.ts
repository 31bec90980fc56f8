import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { type OptionRow, optionsTable } from '../../sdk/src/config/options-table.js'
import { descriptor } from '../../sdk/src/transport/generated/descriptor.js'

interface Field {
  readonly type: string
  readonly rule?: string
}

interface MessageType {
  readonly fields: Readonly<Record<string, Field>>
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>
}

const types = descriptor.nested.cowmask.nested.v1.nested as unknown as Readonly<Record<string, MessageType>>
const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Path and type of every option that a message of the contract has room for; a oneof is one too. */
function room(messageName: string, path: readonly string[] = []): [path: string, type: string][] {
  const message = types[messageName]
  if (message === undefined) throw new Error(`no message ${messageName}`)
  const oneofs = Object.entries(message.oneofs ?? {}).filter(([name]) => !name.startsWith('_'))
  return [
    ...oneofs.map(([name, { oneof }]): [string, string] => [
      path.join('.'),
      `oneof ${name}: ${oneof.map(snakeCase).join(', ')}`,
    ]),
    ...Object.entries(message.fields).flatMap(([name, { type, rule }]): [string, string][] => {
      const inner = [...path, snakeCase(name)]
      if (type === 'Range' || type === 'Boundary') return [[inner.join('.'), rule === 'repeated' ? `${type}[]` : type]]
      return type in types ? room(type, inner) : [[inner.join('.'), type]]
    }),
  ]
}

const described = ({ path, type, name, cases }: OptionRow): [string, string] => [
  path,
  type === 'oneof' ? `oneof ${String(name)}: ${(cases as string[]).join(', ')}` : type,
]

const table = optionsTable()

describe('the table of options', () => {
  it('is the committed one', () => {
    const committed: unknown = JSON.parse(
      readFileSync(new URL('../../proto/cowmask/v1/options.json', import.meta.url), 'utf8'),
    )
    expect(committed).toEqual(table)
  })

  it.each(Object.entries(table.messages))(
    'has a row for every field of %s, of its type, and no other',
    (name, rows) => {
      expect(rows.map(described).sort()).toEqual(room(name).sort())
    },
  )

  it.each(Object.entries(table.messages))(
    'tells every option of %s and its default, within its bounds',
    (_name, rows) => {
      for (const row of rows) {
        expect(row.description, row.path).toMatch(/^\S.+[.)]$/)
        expect('default' in row, row.path).toBe(row.required !== true)
        const values = [row.default].flat(2).filter((value) => typeof value === 'number')
        if (row.type === 'Boundary[]') continue
        for (const value of values) {
          const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = row as Readonly<
            Record<string, number | undefined>
          >
          expect(value, row.path).toBeGreaterThanOrEqual(minimum ?? -Infinity)
          expect(value, row.path).toBeGreaterThan(exclusiveMinimum ?? -Infinity)
          expect(value, row.path).toBeLessThanOrEqual(maximum ?? Infinity)
          expect(value, row.path).toBeLessThan(exclusiveMaximum ?? Infinity)
        }
        if (row.type === 'string' && row.default !== undefined)
          expect(['auto', ...((row.allowed ?? row.known) as string[])]).toContain(row.default)
        if (row.pattern !== undefined)
          for (const known of row.known as string[]) expect(known).toMatch(new RegExp(row.pattern as string))
      }
    },
  )
})
