import type { ProgramBuilder } from '../../../../src/asm/dsl/builder.ts'
import { BuildError } from '../../../../src/asm/dsl/core/errors.ts'
import type { RefOf } from '../../../../src/asm/dsl/memory/reference.ts'
import type { SkbContext } from '../../../../src/asm/dsl/program/context.ts'
import { type Input, program } from './compile-and-run.ts'

/** What writes a program that cannot be built. */
export type Write = (b: ProgramBuilder, input: RefOf<typeof Input>, skb: SkbContext) => void

/** A line of the calling test as errors name it, `some.test.ts:42`: `after` lines below this call. */
export function here(after = 0): string {
  const match = /([\w.-]+\.test\.ts):(\d+)/.exec(new Error().stack?.split('\n')[2] ?? '')
  return `${match?.[1]}:${Number(match?.[2]) + after}`
}

/** The error that building the program ends with. */
export function failure(write: Write): BuildError {
  try {
    program(write)
  } catch (error) {
    if (error instanceof BuildError) return error
    throw error
  }
  throw new Error('the program was built')
}

/** Code, whole message, details and hint of what building the program fails with; empty ones left out. */
export function report(write: Write): string[] {
  const { code, message, details, hint } = failure(write)
  return [code, message, details, hint].filter((text) => text !== '')
}
