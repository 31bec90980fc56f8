/** Reads a stream to its end and answers what came. */
export async function drain<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = []
  for await (const item of stream) read.push(item)
  return read
}
