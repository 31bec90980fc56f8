import type {
  DataProblems,
  DatasetInspection,
  DuplicateGroups,
  ImageSize,
  TrainingCost,
} from '../dataset-inspection.js'

const MOST_CLASSES = 40
const MOST_LISTED = 10

/** What an inspection has found, for people: numbers first, advice last. */
export function inspectionText(what: string, inspection: DatasetInspection): string {
  const { dataset, unlabeled, images, sizes, decision, cost, advice } = inspection
  const lines = [dataset ? `${what}: ${dataset.description}` : what, `${counted(images, 'image')} that can be used`]
  if (sizes) {
    const { different, smallest, median, largest } = sizes
    const told = `smallest ${sizeText(smallest)}, median ${sizeText(median)}, largest ${sizeText(largest)}`
    lines.push(different === 1 ? `  all of ${sizeText(median)} pixels` : `  ${count(different)} sizes: ${told} pixels`)
  }
  lines.push(
    `  ${countsText(inspection.formats)}; modes: ${countsText(inspection.modes)}`,
    '',
    ...classLines(inspection),
  )
  if (unlabeled > 0) lines.push(`unlabeled: ${count(unlabeled)}`)
  lines.push(...problemLines('Refused in any case', inspection.faults))
  lines.push(...problemLines('Can not be used', inspection.unreadable))
  lines.push(...groupLines('In training and in test or validation both', inspection.inTrainAndTest))
  lines.push(...groupLines('Labeled as several classes', inspection.contradicting))
  lines.push(...groupLines('Repeated', inspection.duplicates))
  if (decision) {
    const { height, width, channels, storage, train, notes } = decision
    const chosen = `${count(height)} x ${count(width)} pixels, ${counted(channels, 'channel')}, storage '${storage}'`
    lines.push('', `${dataset ? 'As imported' : 'An import would choose'}: ${chosen}; ${count(train)} to train on`)
    lines.push(...notes.map((note) => `  - ${plain(note)}`))
  }
  if (cost) lines.push('', ...costLines(cost))
  if (advice.length > 0) lines.push('', 'Advice', ...advice.map(({ text }) => `  - ${plain(text)}`))
  return lines.join('\n')
}

function classLines({ classes }: DatasetInspection): string[] {
  const shown = classes.slice(0, MOST_CLASSES)
  const names = shown.map(({ name }) => plain(name))
  const widest = Math.max(5, ...names.map((name) => name.length))
  const row = (name: string, ...cells: string[]) =>
    name.padEnd(widest) + cells.map((cell) => cell.padStart(12)).join('')
  const held = classes.some(({ heldOut }) => heldOut > 0)
  const lines = [row('class', 'labeled', ...(held ? ['(held out)'] : []), 'validation', 'test')]
  shown.forEach(({ labeled, heldOut, validation, test }, index) => {
    const cells = [labeled, ...(held ? [heldOut] : []), validation, test]
    lines.push(row(names[index] ?? '', ...cells.map(count)))
  })
  if (classes.length > shown.length) lines.push(`and ${count(classes.length - shown.length)} more`)
  return lines
}

function problemLines(title: string, problems: DataProblems): string[] {
  if (problems.count === 0) return []
  const shown = problems.first.slice(0, MOST_LISTED)
  const lines = shown.map(
    ({ file, expected, found, advice }) =>
      `  ${plain(`${file}: expected ${expected}, found ${found}.${advice && ` ${advice}`}`)}`,
  )
  return ['', `${title}: ${count(problems.count)}`, ...lines, ...more(problems.count - shown.length)]
}

function groupLines(title: string, { groups, first }: DuplicateGroups): string[] {
  if (groups === 0) return []
  const shown = first.slice(0, MOST_LISTED)
  const lines = shown.map(({ images, names }) => {
    const others = images > names.length ? `, and ${count(images - names.length)} more` : ''
    return `  ${names.map(plain).join(' = ')}${others}`
  })
  return ['', `${title}: ${count(groups)}`, ...lines, ...more(groups - shown.length)]
}

function costLines(cost: TrainingCost): string[] {
  const { platform, parameters, batchSize, unlabeledBatchSize, stepBytes, datasetBytes } = cost
  const memory = stepBytes === undefined ? 'unknown' : `${mebibytes(stepBytes + datasetBytes)} MiB`
  const { secondsPerStep, secondsPerEpoch, stepsPerEpoch } = cost
  const steps = counted(stepsPerEpoch, 'step')
  const time =
    secondsPerStep === undefined || secondsPerEpoch === undefined
      ? `not timed: this machine has not the memory; an epoch takes ${steps}`
      : `${secondsPerStep.toPrecision(3)} s a step, ${duration(secondsPerEpoch)} an epoch of ${steps}`
  return [
    `Training with ${count(parameters)} parameters and ${count(batchSize)} + ${count(unlabeledBatchSize)} images a step, measured on ${platform}`,
    `  device memory: about ${memory}, ${mebibytes(datasetBytes)} MiB of it images`,
    `  ${time}`,
  ]
}

const more = (left: number): string[] => (left > 0 ? [`  and ${count(left)} more`] : [])

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, number]) => `${count(number)} ${name}`)
    .join(', ') || 'none'

const sizeText = ({ height, width }: ImageSize): string => `${count(height)} x ${count(width)}`

/** Without what would break the line or turn its direction around. */
const plain = (text: string): string =>
  text.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  )

const duration = (seconds: number): string =>
  seconds < 90
    ? `${seconds.toPrecision(2)} s`
    : seconds < 5400
      ? `${(seconds / 60).toFixed(1)} min`
      : `${(seconds / 3600).toFixed(1)} h`

const mebibytes = (bytes: number): string => count(Math.ceil(bytes / 2 ** 20))

const counted = (number: number, one: string): string => `${count(number)} ${number === 1 ? one : `${one}s`}`

const count = (value: number): string => value.toLocaleString('en-US')
