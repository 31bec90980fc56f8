import { expect, it } from 'vitest'

import { repeatedKey } from '../../src/weights/repeated-key.js'

it.each([
  ['{"a": 1, "b": 2}', undefined],
  ['{"a": 1, "b": 2, "a": 3}', 'a'],
  ['{"a": {"x": 1}, "b": {"x": 1}, "x": ["x", "x"]}', undefined],
  ['{"a": {"x": 1, "y": [{}], "x": 2}}', 'x'],
  ['{"a": "b", "b": "a"}', undefined],
  [String.raw`{"a\"": 1, "a": "\\", "\u0061" : 2}`, 'a'],
  ['{"{": 1, "}": "{\\"a\\":1,\\"a\\":2}"}', undefined],
  ['[{"a": 1}, {"a": 1}]', undefined],
  ['{"__proto__": 1, "__proto__": 2}', '__proto__'],
])('finds what stands twice in one object: %s', (json, key) => {
  expect(repeatedKey(json)).toBe(key)
})
