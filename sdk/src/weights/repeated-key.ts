/**
 * The first key that stands twice in one object of a JSON text, which must be valid. `JSON.parse` keeps the last of
 * them in silence, so that two readers might see two different files.
 */
export function repeatedKey(json: string): string | undefined {
  // The keys of every object around the current place; a list has none.
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(json, at)
      const keys = open.at(-1)
      if (keys !== undefined && isFollowedByColon(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string
        if (keys.has(key)) return key
        keys.add(key)
      }
      at = end - 1
    }
  }
  return undefined
}

/** One past the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function isFollowedByColon(json: string, start: number): boolean {
  let at = start
  while (' \t\r\n'.includes(json[at] ?? '.')) at += 1
  return json[at] === ':'
}
