import { expectTypeOf, it } from 'vitest'
import type { z } from 'zod'

import type { datasetImportOptions } from '../../sdk/src/config/dataset-import.js'
import type { experimentConfig } from '../../sdk/src/config/experiment.js'
import type { boxMaskRequest, cowMaskRequest, eraseOptions, mixOptions } from '../../sdk/src/config/mask-requests.js'
import type {
  BoxMaskRequest,
  CowMaskRequest,
  DatasetImportOptions,
  EraseOptions,
  ExperimentConfig,
  MixOptions,
} from '../../sdk/src/config/types.js'

type Readable<T> = T extends readonly unknown[] | string
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Readable<T[K]> }
    : T

// Held by the type checker: the documented types take exactly what the schemas take.
it('documents exactly the types of the schemas', () => {
  expectTypeOf<ExperimentConfig>().toEqualTypeOf<Readable<z.input<typeof experimentConfig>>>()
  expectTypeOf<CowMaskRequest>().toEqualTypeOf<Readable<z.input<typeof cowMaskRequest>>>()
  expectTypeOf<BoxMaskRequest>().toEqualTypeOf<Readable<z.input<typeof boxMaskRequest>>>()
  expectTypeOf<MixOptions>().toEqualTypeOf<Readable<z.input<typeof mixOptions>>>()
  expectTypeOf<DatasetImportOptions>().toEqualTypeOf<Readable<z.input<typeof datasetImportOptions>>>()
  expectTypeOf<EraseOptions>().toEqualTypeOf<Readable<z.input<typeof eraseOptions>>>()
})
