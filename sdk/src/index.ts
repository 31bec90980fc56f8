export { type ConnectOptions, CowMask, type LaunchOptions, connect, launch } from './client.js'
export { networks } from './config/networks.js'
export { presets } from './config/presets.js'
export type * from './config/types.js'
export type { TlsOptions, TokenSource } from './credentials.js'
export type { RootedPath } from './data-source.js'
export type {
  Advice,
  ClassCounts,
  DataProblem,
  DataProblems,
  DatasetInspection,
  DuplicateGroup,
  DuplicateGroups,
  ImageSize,
  ImageSizes,
  ImportDecision,
  LabelsAsked,
  TrainingCost,
} from './dataset-inspection.js'
export type {
  Dataset,
  DatasetArrays,
  Datasets,
  ImportDatasetOptions,
  ImportProgress,
  InspectDatasetOptions,
} from './datasets.js'
export * from './errors.js'
export type {
  Cause,
  Checkpoint,
  EndState,
  Evaluation,
  Finished,
  RunEvent,
  RunState,
  Score,
  StepMetrics,
} from './events.js'
export type { EventsOptions, Experiment, ExperimentResult } from './experiment.js'
export type {
  Experiments,
  ImportOptions,
  ListOptions,
  StartOptions,
  StepBatch,
  StepInput,
  StepResult,
} from './experiments.js'
export type { ImageBatch } from './images.js'
export type { LeafNames } from './leaf-names.js'
export type { BoxMaskBatch, CowMaskBatch, MaskBatch } from './mask-batch.js'
export type { EraseResult, Masks, MixResult } from './masks.js'
export type { FilePrediction, FilePredictionSummary, FilePredictions, FileProgress } from './file-predictions.js'
export type {
  ClassScore,
  EvaluateOptions,
  EvaluationResult,
  ExportedModel,
  ModelOptions,
  Models,
  PredictFilesOptions,
  Prediction,
} from './models.js'
export { type ChartOptions, type Curve, lineChart } from './report/chart.js'
export { type ContactSheetOptions, contactSheet } from './report/contact-sheet.js'
export { type Color, type Picture, batchOf, enlarged, maskPictures, picturesOf, tinted } from './report/picture.js'
export { decodePng, encodePng, readPng, writePng } from './report/png.js'
export type {
  ForeignFormat,
  Split,
  SplitCounts,
  SplitImportOptions,
  SplitOptions,
  SplitRule,
  SplitSelector,
  Splits,
} from './splits.js'
export type { Device, Limits, System, SystemInfo } from './system.js'
export type { CallOptions } from './transport/call-options.js'
export type { Tensor } from './transport/tensor.js'
export { version } from './version.js'
export { readWeights, writeWeights } from './weights/file.js'
export { type Diagnosis, type DoctorOptions, type Problem, doctor, renderDiagnosis } from './worker/doctor.js'
export type { Accelerator, Variant, WorkerEnvironment } from './worker/environment.js'
export { type PrepareOptions, type PrepareProgress, prepareDataset } from './worker/prepare-dataset.js'
export { type SetupOptions, type SetupProgress, setup } from './worker/setup.js'
