import { type DoctorOptions, doctor, renderDiagnosis } from '../worker/doctor.js'
import { printJson } from './failure.js'

export interface DoctorFlags {
  readonly accelerator?: string
  readonly cacheDir?: string
  readonly json?: boolean
}

/** Prints the diagnosis; ends with 1 where something stands in the way. */
export async function doctorCommand({ json, accelerator, cacheDir }: DoctorFlags): Promise<void> {
  const diagnosis = await doctor({ cacheDir, accelerator: accelerator as DoctorOptions['accelerator'] })
  if (json) printJson(diagnosis)
  else console.log(renderDiagnosis(diagnosis))
  if (!diagnosis.ok) process.exitCode = 1
}
