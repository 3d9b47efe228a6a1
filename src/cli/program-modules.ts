import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProgramSpec } from '../asm/program.ts'
import { InvalidRequestError, NotFoundError } from '../programs/load-balancer/control/errors.ts'

/**
 * The programs that a module exports, each once.
 *
 * @throws {NotFoundError} when there is no such file, or no program in it
 * @throws {InvalidRequestError} for TypeScript on a Node.js that cannot import it
 */
export async function exportedPrograms(module: string): Promise<ProgramSpec[]> {
  const path = resolve(module)
  if (!existsSync(path)) throw new NotFoundError(`there is no file ${module}`, '')
  if (/\.[cm]?ts$/.test(path) && !('typescript' in process.features && process.features.typescript))
    throw new InvalidRequestError(
      `Node ${process.versions.node} cannot import ${module}`,
      'Use Node 22.18 or newer, or compile it to JavaScript first.',
    )
  const exported = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  const specs = [...new Set(Object.values(exported))].filter(isProgram)
  if (specs.length === 0)
    throw new NotFoundError(
      `${module} exports no program`,
      'Export what tc(…) returns: export const ingress = tc(…).',
    )
  return specs
}

/** The module may have imported another copy of this package, so its programs are told by their shape. */
function isProgram(value: unknown): value is ProgramSpec {
  if (typeof value !== 'object' || value === null) return false
  const { name, type, license, instructions, functions, maps, kfuncs } = value as Partial<ProgramSpec>
  return (
    [name, type, license].every((text) => typeof text === 'string') &&
    [instructions, functions, maps, kfuncs].every((list) => Array.isArray(list))
  )
}
