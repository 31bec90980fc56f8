/** A named condition that a bound on one number can't express. The worker has the same rules under the same names. */
export interface Rule<T> {
  readonly name: string
  /** What must be, as it stands in an error after "must be". */
  readonly reason: string
  /** The field of the value that is blamed; the value itself, if absent. */
  readonly path?: string
  /** Whether the value is sound enough for the rule to be asked; what makes it unsound is reported by itself. */
  readonly applies: (value: unknown) => boolean
  readonly holds: (value: T) => boolean
}

/** Most elements that a tensor of one call may have: 1 GiB as float32. */
export const TENSOR_ELEMENTS = 268_435_456

/** Labeled images a step where nothing is said. */
export const BATCH_SIZE = 256

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((element) => Number.isFinite(element))

const isPositiveInteger = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0

const range_order: Rule<readonly [number, number]> = {
  name: 'range_order',
  reason: '[low, high] with low at most high',
  applies: isPair,
  holds: ([low, high]) => low <= high,
}

const wide_resnet_depth: Rule<number> = {
  name: 'wide_resnet_depth',
  reason: '6n + 4 for a whole n (10, 16, 22, 28, ...): three groups of n blocks with two convolutions each',
  applies: Number.isInteger,
  holds: (depth) => (depth - 4) % 6 === 0,
}

const shake_shake_depth: Rule<number> = {
  name: 'shake_shake_depth',
  reason: '6n + 2 for a whole n (8, 14, 20, 26, ...): three groups of n blocks with two convolutions a branch',
  applies: Number.isInteger,
  holds: (depth) => (depth - 2) % 6 === 0,
}

const pyramidnet_depth: Rule<number> = {
  name: 'pyramidnet_depth',
  reason: '9n + 2 for a whole n (11, 20, 29, ..., 272): three groups of n blocks with three convolutions each',
  applies: Number.isInteger,
  holds: (depth) => (depth - 2) % 9 === 0,
}

const resnet_depth: Rule<number> = {
  name: 'resnet_depth',
  reason: '14, 26, 50, 101 or 152: four stages of bottleneck blocks with three convolutions each',
  applies: Number.isInteger,
  holds: (depth) => [14, 26, 50, 101, 152].includes(depth),
}

const boundaries_ascending: Rule<readonly (readonly [number, number])[]> = {
  name: 'boundaries_ascending',
  reason: 'in ascending order, every `at` above the one before',
  applies: (value) => Array.isArray(value) && value.every(isPair),
  holds: (boundaries) =>
    boundaries.every(([at], index) => {
      const before = boundaries[index - 1]
      return before === undefined || before[0] < at
    }),
}

interface Length {
  readonly steps?: number | undefined
  readonly epochs?: number | undefined
}

const steps_or_epochs: Rule<Length> = {
  name: 'steps_or_epochs',
  reason: 'left out where `steps` is given: both say how long to train',
  path: 'epochs',
  applies: isRecord,
  holds: ({ steps, epochs }) => steps === undefined || epochs === undefined,
}

interface Passes {
  readonly studentPasses?: string | undefined
  readonly batchSize?: number | undefined
  readonly unlabeledBatchSize?: number | undefined
}

const student_passes_together: Rule<Passes> = {
  name: 'student_passes_together',
  reason: '`separate` where `unlabeledBatchSize` is not `batchSize`: one pass takes as many images of each',
  path: 'studentPasses',
  applies: isRecord,
  holds: ({ studentPasses, batchSize = BATCH_SIZE, unlabeledBatchSize = batchSize }) =>
    studentPasses !== 'together' || unlabeledBatchSize === batchSize,
}

interface MaskShape {
  readonly count: number
  readonly height: number
  readonly width: number
}

const tensor_elements: Rule<MaskShape> = {
  name: 'tensor_elements',
  reason: `small enough: count x height x width may come to ${TENSOR_ELEMENTS.toLocaleString('en-US')} at most; ask for fewer, or in several calls with other seeds`,
  path: 'count',
  applies: (value) => isRecord(value) && [value.count, value.height, value.width].every(isPositiveInteger),
  holds: ({ count, height, width }) => elements([count, height, width]) <= TENSOR_ELEMENTS,
}

const image_channels: Rule<number> = {
  name: 'image_channels',
  reason: '1, 3 or 4',
  applies: Number.isInteger,
  holds: (channels) => channels !== 2,
}

export const rules = {
  range_order,
  wide_resnet_depth,
  shake_shake_depth,
  pyramidnet_depth,
  resnet_depth,
  boundaries_ascending,
  steps_or_epochs,
  student_passes_together,
  tensor_elements,
  image_channels,
}

/** Number of elements of a tensor of this shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}
