import type { Tensor } from '../../src/transport/tensor.js'

/** Tensors as lists of numbers, with the name of what holds them. */
export function plain(tensors: ReadonlyMap<string, Tensor>): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(tensors, ([name, { shape, data }]) => [name, { type: data.constructor.name, shape, data: [...data] }]),
  )
}

/** The same in Python, of a mapping of numpy's arrays, with the type that the SDK has for each. */
export const PLAIN = `
import json, sys
import numpy as np
def plain(arrays):
    types = {"f": ("Float32Array", "float32"), "V": ("Float32Array", "float32"), "i": ("Int32Array", "int32")}
    result = {}
    for name, array in arrays.items():
        type, dtype = types.get(array.dtype.kind, ("Uint8Array", "uint8"))
        result[name] = {"type": type, "shape": list(array.shape), "data": array.astype(dtype).flatten().tolist()}
    return json.dumps(result)
`
