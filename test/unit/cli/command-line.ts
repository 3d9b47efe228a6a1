import { vi } from 'vitest'
import { run } from '../../../src/cli/run.ts'

/** How a command line ended. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process. */
export async function runCommandLine(...args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' }
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text)
      return true
    })
  // Each run listens for errors of the stream; here there are many runs and one stream.
  const spies = [
    capture('stdout'),
    capture('stderr'),
    vi.spyOn(process.stdout, 'on').mockReturnValue(process.stdout),
  ]
  try {
    return { code: await run(args), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
    process.exitCode = undefined
  }
}
