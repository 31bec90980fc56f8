#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'

import { version } from '../version.js'
import { told } from './failure.js'
import type { CertsFlags } from './certs.js'
import type { ImportFlags, InspectFlags, PrepareFlags } from './data.js'
import type { MaskFlags } from './masks.js'
import type { EvaluateFlags, PredictFlags } from './models.js'

// Every command imports what it needs when it runs: `--help` shall not wait for gRPC.

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

const numbers = (text: string, before: number[] | undefined): number[] => [...(before ?? []), number(text)]

const accelerator = () =>
  new Option('--accelerator <name>', 'what to compute with').choices(['cpu', 'cuda12', 'cuda13', 'tpu'])

const withWorker = (command: Command): Command =>
  command
    .option('--state-dir <folder>', 'folder of runs and checkpoints, of a worker that is launched')
    .option('--address <address>', 'address of a running worker to use instead')
    .option('--token-file <file>', "file with that worker's token (default: the variable COWMASK_TOKEN)")
    .option('--tls-authority <file>', "authority of that worker's certificate; encrypts with TLS")
    .option('--tls-certificate <file>', 'certificate of this client, for a worker that asks for one')
    .option('--tls-key <file>', 'its private key')
    .option('--insecure', 'send the token in plain text beyond this machine')
    .option('--json', 'print the result as JSON')

const program = new Command('cowmask')
  .description('Semi-supervised image classification with CowMask.')
  .version(version)

program
  .command('setup')
  .description("make the worker's Python environment")
  .addOption(accelerator())
  .option('--force', 'make it anew, though one is there')
  .option('--cache-dir <folder>', 'where environments are kept')
  .option('--json', 'print the result as JSON')
  .action((flags: { json?: boolean }) => told(flags.json, async () => (await import('./setup.js')).setupCommand(flags)))

program
  .command('doctor')
  .description('look at everything that a launch needs, and say what mends it')
  .addOption(accelerator())
  .option('--cache-dir <folder>', 'where environments are kept')
  .option('--json', 'print the result as JSON')
  .action((flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./doctor.js')).doctorCommand(flags)),
  )

program
  .command('serve')
  .description('run a worker that scripts connect to')
  .option('--listen <address>', 'host:port; port 0 takes a free one', '127.0.0.1:0')
  .option('--token-file <file>', 'file with the token; made if it is missing (default: `token` in the state folder)')
  .option('--tls-certificate <file>', 'certificate chain, PEM; needed beyond this machine')
  .option('--tls-key <file>', 'its private key')
  .option('--tls-client-authority <file>', 'take only clients with a certificate of this authority')
  .option('--insecure', 'listen beyond this machine without TLS: whoever is on the way reads the token')
  .option('--state-dir <folder>', 'folder of runs and checkpoints')
  .option('--data-dir <folder>', 'folder of datasets')
  .option('--data-root <name=folder...>', 'folders that clients may import datasets from, by name')
  .addOption(new Option('--log <level>', 'what to log').choices(['debug', 'info', 'warning', 'error']).default('info'))
  .action((flags: { listen: string; log: string }) =>
    told(false, async () => (await import('./serve.js')).serveCommand(flags)),
  )

program
  .command('certs <folder>')
  .description('make a private authority, and certificates of a worker and its clients, for a first set-up with TLS')
  .option('--host <name...>', "names and addresses that clients call the worker by (default: this machine's name)")
  .option('--days <number>', 'how long the certificates are valid', number, 365)
  .option('--json', 'print the result as JSON')
  .action((folder: string, flags: CertsFlags) =>
    told(flags.json, async () => (await import('./certs.js')).certsCommand(folder, flags)),
  )

withWorker(program.command('info'))
  .description('show what the worker is and what it computes on')
  .action((flags: { json?: boolean }) => told(flags.json, async () => (await import('./info.js')).infoCommand(flags)))

const ofModel = (command: Command): Command =>
  withWorker(command)
    .option('--data-dir <folder>', 'folder of datasets, of a worker that is launched')
    .addOption(new Option('--weights <network>', 'whose weights (default: teacher)').choices(['teacher', 'student']))
    .option('--step <number>', 'step of the checkpoint (default: the newest)', number)

ofModel(program.command('predict <run> <path>'))
  .description('classify all images in a folder and below it, or one image file, into a CSV file')
  .requiredOption('--csv <file>', 'file to write: path, label, confidence, problem')
  .option('--root <name>', "data root of the worker's that <path> is relative to, for a worker that runs already")
  .action((run: string, path: string, flags: PredictFlags) =>
    told(flags.json, async () => (await import('./models.js')).predictCommand(run, path, flags)),
  )

ofModel(program.command('evaluate <run>'))
  .description('score a model: error, accuracy of each class, which classes it confuses')
  .option('--dataset <name>', "dataset with the same classes and size of images (default: the run's)")
  .addOption(
    new Option('--split <name>', 'labeled images to score on (default: test)').choices(['test', 'validation', 'train']),
  )
  .action((run: string, flags: EvaluateFlags) =>
    told(flags.json, async () => (await import('./models.js')).evaluateCommand(run, flags)),
  )

const runs = program.command('runs').description('look after runs')

withWorker(runs.command('list'))
  .description('list every run, newest first')
  .action((flags: { json?: boolean }) => told(flags.json, async () => (await import('./runs.js')).listRuns(flags)))

const ofOneRun = {
  show: { description: 'show one run', action: async () => (await import('./runs.js')).showRun },
  cancel: {
    description: 'stop a run after a checkpoint; needs --address of the worker that trains it',
    action: async () => (await import('./runs.js')).cancelRun,
  },
  resume: {
    description: 'go on with a run that has ended, and follow it',
    action: async () => (await import('./runs.js')).resumeRun,
  },
  delete: {
    description: 'remove an ended run with its events and checkpoints',
    action: async () => (await import('./runs.js')).deleteRun,
  },
}

for (const [name, { description, action }] of Object.entries(ofOneRun))
  withWorker(runs.command(`${name} <id>`))
    .description(description)
    .action((id: string, flags: { json?: boolean }) => told(flags.json, async () => (await action())(id, flags)))

const data = program.command('data').description('look after datasets')

withWorker(data.command('list'))
  .description('list every dataset, and whether its images are there')
  .action((flags: { json?: boolean }) => told(flags.json, async () => (await import('./data.js')).listDatasets(flags)))

data
  .command('prepare <name>')
  .description('make a dataset ready to be trained on; fetches its official files unless they are there')
  .option('--from <folder>', 'folder of the official files, or of TensorFlow Datasets')
  .option('--no-digests', 'take files that are not what the makers publish, such as those out of an archive')
  .option('--data-dir <folder>', 'folder of prepared datasets')
  .option('--json', 'print the result as JSON')
  .action((name: string, flags: PrepareFlags) =>
    told(flags.json, async () => (await import('./data.js')).prepareCommand(name, flags)),
  )

withWorker(data.command('import <name> <path>'))
  .description('take a folder of images, a .csv table or arrays (.npz, .npy) as a dataset')
  .option('--data-dir <folder>', 'folder of datasets, of a worker that is launched')
  .option('--root <name>', "data root of the worker's that <path> is relative to, for a worker that runs already")
  .option('--image-size <pixels>', 'height and width that images get', number)
  .addOption(new Option('--resize <how>', 'how images get their size').choices(['crop', 'stretch', 'pad']))
  .option('--channels <number>', '1: gray, 3: color, 4: color and alpha', number)
  .addOption(
    new Option('--on-unreadable <what>', 'what becomes of files that cannot be used').choices(['refuse', 'skip']),
  )
  .option('--test-share <share>', 'share of the labeled images to test with where there are no test images', number)
  .addOption(new Option('--storage <kind>', 'what is kept of the images').choices(['pixels', 'files']))
  .option('--replace', 'put it in the place of an imported dataset of this name')
  .action((name: string, path: string, flags: ImportFlags) =>
    told(flags.json, async () => (await import('./data.js')).importCommand(name, path, flags)),
  )

withWorker(data.command('inspect <what>'))
  .description('look at a dataset, or a folder, .csv table or arrays that are not imported: counts, faults, advice')
  .option('--data-dir <folder>', 'folder of datasets, of a worker that is launched')
  .option('--root <name>', "data root of the worker's that <what> is a path in, for a worker that runs already")
  .option('--labeled <number>', 'how many labels are to be kept; tells which classes have too few', number)
  .option('--model <network>', 'measure memory and speed of a network, such as wide_resnet or wrn26_2')
  .option('--batch-size <number>', 'labeled images a step', number)
  .option('--image-size <pixels>', 'height and width that an import would give images', number)
  .addOption(new Option('--resize <how>', 'how an import would do that').choices(['crop', 'stretch', 'pad']))
  .option('--channels <number>', '1: gray, 3: color, 4: color and alpha', number)
  .option('--test-share <share>', 'share of the labeled images that an import would hold out for testing', number)
  .addOption(new Option('--storage <kind>', 'what an import would keep of the images').choices(['pixels', 'files']))
  .option('--contact-sheet <file>', 'write a PNG with some images of each class')
  .action((what: string, flags: InspectFlags) =>
    told(flags.json, async () => (await import('./data.js')).inspectCommand(what, flags)),
  )

withWorker(data.command('remove <name>'))
  .description('remove an imported dataset, not what it was imported from')
  .option('--data-dir <folder>', 'folder of datasets, of a worker that is launched')
  .action((name: string, flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./data.js')).removeCommand(name, flags)),
  )

const split = data.command('split').description('look after splits: which images are labeled, as files')

const withSplits = (command: Command): Command =>
  withWorker(command).option('--data-dir <folder>', 'folder of datasets, of a worker that is launched')

const aside = (command: Command): Command =>
  command
    .option('--validation <number>', 'how many training images to put aside', number)
    .option('--validation-seed <seed>', 'chooses which images are put aside', number)
    .option('--exclude-labeled', 'keep the labeled images out of the unlabeled ones')

aside(withSplits(split.command('create <dataset>')))
  .description('draw a split as a run with these options draws it, and keep it')
  .option('--labeled <number>', 'how many training images keep their label (default: all)', number)
  .option('--seed <seed>', 'chooses which images keep their label', number)
  .action((dataset: string, flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./splits.js')).createSplit(dataset, flags)),
  )

aside(withSplits(split.command('import <dataset> <file>')))
  .description("take a split's file, or somebody else's list of labeled images")
  .addOption(
    new Option('--format <format>', 'what the file is')
      .choices(['cowmask', 'mean_teacher', 'fixmatch', 'usb'])
      .default('cowmask'),
  )
  .action((dataset: string, file: string, flags: { json?: boolean; format: string }) =>
    told(flags.json, async () => (await import('./splits.js')).importSplit(dataset, file, flags)),
  )

withSplits(split.command('show <what> [fingerprint]'))
  .description("show a split: <what> is its dataset, or, without a fingerprint, a split's file")
  .action((what: string, fingerprint: string | undefined, flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./splits.js')).showSplit(what, fingerprint, flags)),
  )

withSplits(split.command('list <dataset>'))
  .description('list the splits that are kept of a dataset')
  .action((dataset: string, flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./splits.js')).listSplits(dataset, flags)),
  )

withSplits(split.command('export <dataset> <fingerprint> <file>'))
  .description('write a split that is kept as a file')
  .action((dataset: string, fingerprint: string, file: string, flags: { json?: boolean }) =>
    told(flags.json, async () => (await import('./splits.js')).exportSplit(dataset, fingerprint, file, flags)),
  )

withWorker(program.command('masks <file>'))
  .description('draw masks into a PNG')
  .addOption(new Option('--kind <kind>', 'which masks').choices(['cow', 'box']).default('cow'))
  .option('--count <number>', 'how many', number, 16)
  .option('--height <pixels>', 'height of a mask', number, 64)
  .option('--width <pixels>', 'width of a mask', number, 64)
  .option('--seed <number>', 'seed of the draw', number, 0)
  .option('--sigma <pixels...>', 'cow: scale of the blobs, low and high', numbers)
  .option('--proportion <share...>', 'cow: expected share of ones, low and high', numbers)
  .option('--area <kind>', 'box: fixed, random_area or random_size')
  .option('--scale <share>', 'box: share of the image that a box of fixed area covers', number)
  .action((file: string, flags: MaskFlags) =>
    told(flags.json, async () => (await import('./masks.js')).masksCommand(file, flags)),
  )

await program.parseAsync()
