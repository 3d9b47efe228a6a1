import { defineConfig } from 'vitest/config'

// Two kinds of test. `unit`: pure, unprivileged, parallel. `kernel`: as root on the running kernel, in
// network namespaces of their own; one process per file (setns moves the process) and one file at a time.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool: 'threads' } },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
