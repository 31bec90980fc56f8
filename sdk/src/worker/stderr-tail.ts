/** Keeps the end of what a process writes, and hands its lines on. */
export class StderrTail {
  private kept = Buffer.alloc(0)
  private line = ''

  constructor(
    private readonly limit: number,
    private readonly onLine?: (line: string) => void,
  ) {}

  push(chunk: Buffer): void {
    this.kept = Buffer.concat([this.kept, chunk.subarray(-this.limit)]).subarray(-this.limit)
    if (!this.onLine) return
    const lines = (this.line + chunk.toString()).split('\n')
    this.line = (lines.pop() ?? '').slice(-this.limit)
    for (const line of lines) this.onLine(line)
  }

  toString(): string {
    return this.kept.toString()
  }
}
