// What a worker may know of its surroundings. Secrets live in other variables.
const ALLOWED: readonly (string | RegExp)[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'LOCALAPPDATA',
  'LD_LIBRARY_PATH',
  'XLA_FLAGS',
  'OMP_NUM_THREADS',
  /^LC_/,
  /^XDG_/,
  /^CUDA_/,
  /^NVIDIA_/,
  /^TPU_/,
  /^JAX_/,
  /^XLA_PYTHON_/,
  /^TF_/,
]

/** The environment of a worker: the allowed variables of this process, then those that the caller adds. */
export function workerVariables(
  added: Readonly<Record<string, string>> = {},
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) {
    const allowed = ALLOWED.some((rule) => (typeof rule === 'string' ? rule === name.toUpperCase() : rule.test(name)))
    if (allowed && value !== undefined) passed[name] = value
  }
  return { ...passed, ...added }
}
