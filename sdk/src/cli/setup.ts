import { type SetupOptions, setup } from '../worker/setup.js'
import { printJson } from './failure.js'

export interface SetupFlags {
  readonly accelerator?: string
  readonly force?: boolean
  readonly cacheDir?: string
  readonly json?: boolean
}

/** Makes the worker environment and tells each step on stderr. */
export async function setupCommand({ json, accelerator, ...flags }: SetupFlags): Promise<void> {
  const environment = await setup({
    ...flags,
    accelerator: accelerator as SetupOptions['accelerator'],
    onProgress: ({ step, message }) => {
      console.error(`[${step}] ${message}`)
    },
  })
  if (json) printJson(environment)
  else console.log(environment.python)
}
