import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

/** Refuses imports of `patterns`, so that arrows between folders point one way. */
function closed(message, ...patterns) {
  return { patterns: patterns.map((regex) => ({ regex, message, caseSensitive: true })) }
}

const grpcOnlyInTransport = ['gRPC belongs to sdk/src/transport', '^@grpc/', '^protobufjs']
const execaOnlyInWorker = ['child processes belong to sdk/src/worker', '^execa$', '^node:child_process$']
const resources = '/(client|masks|experiments|datasets|models|system|index)\\.js$'

/** The folder may import neither what is above it nor what belongs to another folder alone. */
function folder(files, ...rules) {
  return {
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: rules.flatMap((rule) => closed(...rule).patterns) }] },
  }
}

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      'sdk/worker/**',
      'sdk/src/transport/generated/**',
      'out/**',
      '.cowmask/**',
      'server-py/**',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  folder(['sdk/src/**'], grpcOnlyInTransport, execaOnlyInWorker),
  folder(['sdk/src/transport/**'], execaOnlyInWorker, [
    'transport knows no resource',
    resources,
    '/(worker|report|cli)/',
  ]),
  folder(['sdk/src/worker/**'], grpcOnlyInTransport, [
    'the worker folder knows no resource',
    resources,
    '/(transport|report|cli)/',
  ]),
  folder(['sdk/src/weights/**'], grpcOnlyInTransport, execaOnlyInWorker, [
    'files of weights know tensors and errors only',
    resources,
    '/(config|worker|report|cli)/',
  ]),
  folder(['sdk/src/config/**', 'sdk/src/report/**', 'sdk/src/errors.ts'], grpcOnlyInTransport, execaOnlyInWorker, [
    'config, report and errors are at the bottom',
    resources,
    '/(transport|worker|cli)/',
  ]),
)
