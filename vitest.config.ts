import { defineConfig } from 'vitest/config'

// Three kinds of test. `unit`: pure, unprivileged, parallel. `kernel`: as root on the running kernel, in
// network namespaces of their own; one process per file (setns moves the process) and one file at a time.
// `browser`: pages in a headless Chromium, skipped where there is none.
// Examples import the package by its name; here that name means the source.
const alias = Object.fromEntries(
  ['asm', 'loader', 'programs'].map((room) => [
    `tsbpf-lb/${room}`,
    new URL(`./src/${room}/index.ts`, import.meta.url).pathname,
  ]),
)

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        // A time-out only ends what would never end; a busy machine is no failure.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool: 'threads', testTimeout: 120_000 },
      },
      {
        resolve: { alias },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          globalSetup: 'test/kernel/support/setup.ts',
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
