/** The preset `cifar10_1000` and the options' defaults against those of the authors' launcher, flag by flag. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

import { networks, presets } from 'cowmask'
import type { Row } from './row.js'

const EPOCHS = 300
const EDGE = 32

/** A flag of `main_semisup.py`, its default in our terms, and every option that it is, as `options.json` names them. */
const FLAGS: readonly (readonly [flag: string, value: unknown, ...options: string[]])[] = [
  ['dataset', 'cifar10', 'dataset.name'],
  ['batch_size', 256, 'batch_size', 'unlabeled_batch_size'],
  ['num_epochs', EPOCHS, 'epochs'],
  ['learning_rate', 0.05, 'optimizer.learning_rate'],
  ['sgd_momentum', 0.9, 'optimizer.momentum'],
  ['sgd_nesterov', true, 'optimizer.nesterov'],
  ['lr_schedule', 'stepped', 'schedule'],
  [
    'lr_sched_steps',
    [
      [120 / EPOCHS, 0.2],
      [240 / EPOCHS, 0.04],
    ],
    'schedule.stepped.boundaries',
  ],
  ['lr_sched_halfcoslength', 300 / EPOCHS, 'schedule.cosine.half_length'],
  ['lr_sched_warmup', 0, 'schedule.stepped.warmup', 'schedule.cosine.warmup'],
  ['l2_reg', 0.0005, 'optimizer.l2'],
  ['weight_decay', 0, 'optimizer.weight_decay'],
  ['architecture', networks.wrn26_6_shakeshake, 'model'],
  ['n_val', 0, 'dataset.validation'],
  ['n_sup', 1000, 'dataset.labeled'],
  ['teacher_alpha', 0.97, 'teacher.alpha'],
  ['anneal_teacher_alpha', false, 'teacher.anneal'],
  ['unsup_reg', 'none', 'perturb'],
  ['cons_weight', 1, 'perturb.mean_teacher.weight', 'perturb.cutout.weight', 'perturb.cowout.weight'],
  ...perPath('conf_thresh', 0.97, 'confidence.threshold'),
  ...perPath('conf_avg', false, 'confidence.average'),
  ['cut_backg_noise', 1, 'perturb.cutout.noise_std', 'perturb.cowout.noise_std'],
  ['cut_prob', 1, 'perturb.cutout.mask_probability', 'perturb.cowout.mask_probability'],
  ['box_reg_scale_mode', 'random_size', 'perturb.cutout.area'],
  ['box_reg_scale', 0.25, 'perturb.cutout.scale'],
  ['box_reg_random_aspect_ratio', true, 'perturb.cutout.random_aspect'],
  ['cow_sigma_range', [4, 16], 'perturb.cowout.sigma'],
  ['cow_prop_range', [0.25, 1], 'perturb.cowout.proportion'],
  ['mix_reg', 'cowmix', 'mix'],
  ...perMix('mix_aug_separately', false, 'augment_separately'),
  ...perMix('mix_logits', false, 'mix_logits'),
  ...perMix('mix_weight', 30, 'weight'),
  ...perMix('mix_conf_thresh', 0.6, 'confidence.threshold'),
  ...perMix('mix_conf_avg', true, 'confidence.average'),
  ...perMix('mix_conf_mode', 'mixed_confidences', 'confidence.source'),
  ['ict_alpha', 0.1, 'mix.ict.alpha'],
  ['mix_box_reg_scale_mode', 'random_area', 'mix.cutmix.area'],
  ['mix_box_reg_scale', 0.25, 'mix.cutmix.scale'],
  ['mix_box_reg_random_aspect_ratio', true, 'mix.cutmix.random_aspect'],
  ['mix_cow_sigma_range', [4, 16], 'mix.cowmix.sigma'],
  ['mix_cow_prop_range', [0.2, 0.8], 'mix.cowmix.proportion'],
  ['subset_seed', 12345, 'dataset.seed'],
  ['val_seed', 131, 'dataset.validation_seed'],
]

function perPath(flag: string, value: unknown, option: string): [string, unknown, ...string[]][] {
  return [[flag, value, ...['mean_teacher', 'cutout', 'cowout'].map((kind) => `perturb.${kind}.${option}`)]]
}

function perMix(flag: string, value: unknown, option: string): [string, unknown, ...string[]][] {
  return [[flag, value, ...['cowmix', 'cutmix', 'ict'].map((kind) => `mix.${kind}.${option}`)]]
}

interface OptionRow {
  readonly path: string
  readonly default?: unknown
}

/** What an experiment gets that starts from `preset` and names no other value. */
function valueOf(preset: unknown, path: string, table: ReadonlyMap<string, OptionRow>): unknown {
  let value: unknown = preset
  for (const name of path.split('.')) {
    const fields = value as Readonly<Record<string, unknown>> | undefined
    // A oneof's case is a step of the path, but not of the config; another case than the preset's has defaults alone.
    if (fields && 'kind' in fields && table.get(path.slice(0, path.indexOf(name) - 1)) && !(camelCase(name) in fields))
      value = fields.kind === name ? fields : undefined
    else value = fields?.[camelCase(name)]
  }
  if (typeof value === 'object' && value !== null && 'kind' in value) return value.kind
  if (value !== undefined) return value
  const fallback = table.get(path)?.default
  // Auto is 1/8 to 1/2 of the edge.
  return fallback === 'auto' && path.endsWith('.sigma') ? [EDGE / 8, EDGE / 2] : fallback
}

const camelCase = (name: string) => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** One row: every flag but `eval_batch_size`, which alters no number here, and those of folders and checkpoints. */
export function launcherDefaults(): Row {
  const file = new URL('../../proto/cowmask/v1/options.json', import.meta.url)
  const { messages } = JSON.parse(readFileSync(file, 'utf8')) as { messages: { ExperimentConfig: OptionRow[] } }
  const table = new Map(messages.ExperimentConfig.map((row) => [row.path, row]))
  const pairs = FLAGS.flatMap(([flag, wanted, ...options]) => options.map((option) => ({ flag, wanted, option })))
  const wrong = pairs
    .map((pair) => ({ ...pair, found: valueOf(presets.cifar10_1000, pair.option, table) }))
    .filter(({ wanted, found }) => !isDeepStrictEqual(found, wanted))
    .map(({ flag, option, wanted, found }) => `${flag}: ${option} is ${said(found)}, theirs is ${said(wanted)}`)
  return {
    group: 'defaults',
    name: "preset cifar10_1000 and all options, the launcher's flags",
    cases: pairs.length,
    maxAbs: wrong.length === 0 ? 0 : null,
    maxRel: wrong.length === 0 ? 0 : null,
    tolerance: 'equal',
    ok: wrong.length === 0,
    ...(wrong.length === 0 ? {} : { detail: wrong.join('; ') }),
  }
}

const said = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))
