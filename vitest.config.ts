import { defineConfig } from 'vitest/config'

// Four kinds of test. `unit`: pure, unprivileged, parallel. `kernel`: as root on the running kernel, in
// network namespaces of their own; one process per file (setns moves the process) and one file at a time.
// `browser`: pages in a headless Chromium, skipped where there is none. `long`: kernel tests that take minutes.
// Examples import the package by its name; here that name means the source.
const alias = Object.fromEntries(
  ['asm', 'loader', 'programs'].map((room) => [
    `tsbpf-lb/${room}`,
    new URL(`./src/${room}/index.ts`, import.meta.url).pathname,
  ]),
)

/** Tests on the running kernel: one file at a time, each in a process of its own, which may move to other namespaces. */
function kernel(name: string, include: string[], exclude: string[]) {
  return {
    name,
    include,
    exclude,
    globalSetup: 'test/kernel/support/setup.ts',
    pool: 'forks' as const,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  }
}

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        // A time-out only ends what would never end; a busy machine is no failure.
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          pool: 'threads',
          maxWorkers: '100%',
          testTimeout: 120_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          pool: 'forks',
          maxWorkers: '100%',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { resolve: { alias }, test: kernel('kernel', ['test/kernel/**/*.test.ts'], ['**/*.long.test.ts']) },
      // Every way to fail, every step to be killed at, hundreds of random programs: minutes, for `npm run test:long`.
      { resolve: { alias }, test: kernel('long', ['test/kernel/**/*.long.test.ts'], []) },
    ],
  },
})
