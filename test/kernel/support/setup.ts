import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoKernelTests } from './availability.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Once before all kernel tests: they drive the built command, as its users do, so it must not be older than src. */
export default function setup(): void {
  if (whyNoKernelTests !== undefined) {
    console.warn(`kernel tests are skipped: ${whyNoKernelTests}`)
    return
  }
  if (newestIn(join(root, 'src')) <= modified(join(root, 'dist/cli/main.js'))) return
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  } catch {
    // tsc writes its output all the same; `npm test` and CI build first, and stop there on an error.
    console.warn('the build has type errors; the kernel tests run what it made')
  }
}

function newestIn(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce(
    (newest, path) => Math.max(newest, modified(join(directory, path))),
    0,
  )
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
