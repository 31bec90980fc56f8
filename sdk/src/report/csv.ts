/** A row of a CSV file (RFC 4180) with its line's end: fields with commas, quotes or ends of lines are quoted. */
export function csvRow(fields: readonly string[]): string {
  return `${fields.map(field).join(',')}\n`
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
