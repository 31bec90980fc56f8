// Writes the table of options that the worker reads, from the SDK's schemas.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { tsImport } from 'tsx/esm/api'

export async function generateOptions(file) {
  const { optionsTable } = await tsImport('../../sdk/src/config/options-table.ts', import.meta.url)
  const { version, messages, networks } = optionsTable()
  // A row a line, so that a change of one option is a change of one line.
  const tables = Object.entries(messages).map(
    ([name, rows]) =>
      `    ${JSON.stringify(name)}: [\n${rows.map((row) => `      ${JSON.stringify(row)}`).join(',\n')}\n    ]`,
  )
  const models = Object.entries(networks).map(
    ([name, model]) => `    ${JSON.stringify(name)}: ${JSON.stringify(model)}`,
  )
  const parts = [
    `  "version": ${version}`,
    `  "messages": {\n${tables.join(',\n')}\n  }`,
    `  "networks": {\n${models.join(',\n')}\n  }`,
  ]
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `{\n${parts.join(',\n')}\n}\n`)
}
