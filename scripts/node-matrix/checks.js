import { spawnSync } from 'node:child_process'
import process from 'node:process'

/** Counts checks and prints a line for each. */
export class Checks {
  #counts = { passed: 0, failed: 0, skipped: 0 }
  #strict

  /** `strict`: what cannot be checked has failed. */
  constructor(strict) {
    this.#strict = strict
  }

  /** One check: `body` throws when it fails. @returns whether it passed */
  check(name, body) {
    try {
      body()
      this.#counts.passed++
      console.log(`✓ ${name}`)
      return true
    } catch (error) {
      this.#counts.failed++
      console.log(`✗ ${name}\n${error.message.replace(/^/gm, '    ')}`)
      return false
    }
  }

  /** A check that cannot be made here. */
  cannot(name, reason) {
    this.#counts[this.#strict ? 'failed' : 'skipped']++
    console.log(`${this.#strict ? '✗' : '-'} ${name}: ${reason}`)
  }

  /** A check that does not apply here. */
  skip(name, reason) {
    this.#counts.skipped++
    console.log(`- ${name}: ${reason}`)
  }

  /** Prints the sum and sets the exit code. */
  finish() {
    const { passed, failed, skipped } = this.#counts
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    process.exitCode = failed === 0 ? 0 : 1
  }
}

/** Runs a program. @returns its exit code and what it printed */
export function run(command, args, { timeout = 300_000, ...options } = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout,
    ...options,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  })
  const problem = error === undefined ? '' : `${error.message}\n`
  return { code: status ?? `none: ${signal}`, stdout: stdout ?? '', stderr: problem + (stderr ?? '') }
}

/** @throws unless a program ended well */
export function succeed(code, output) {
  if (code !== 0) throw new Error(`exit code ${code}\n${output}`.trim())
}
