import type { ProgramSpec } from '../asm/program.ts'
import { examples } from './examples.ts'
import { NotFoundError } from './load-balancer/control/errors.ts'
import { type IngressOptions, ingress, ingressName } from './load-balancer/datapath/ingress.ts'

/** The programs that come with the package, by name; each is compiled when it is asked for. */
export const shippedPrograms: Readonly<Record<string, (options?: IngressOptions) => ProgramSpec>> = {
  [ingressName]: ingress,
}

/** The names of the shipped programs and the examples. */
export const shippedNames: readonly string[] = [...Object.keys(shippedPrograms), ...Object.keys(examples)]

/** The shipped program or example of this name, to be compiled. @throws {NotFoundError} naming those there are */
export async function shippedProgram(name: string): Promise<(options?: IngressOptions) => ProgramSpec> {
  const compile = Object.hasOwn(shippedPrograms, name) ? shippedPrograms[name] : undefined
  if (compile !== undefined) return compile
  const example = Object.hasOwn(examples, name) ? await examples[name]?.() : undefined
  if (example !== undefined) return () => example
  throw new NotFoundError(`there is no program "${name}"`, `The programs are: ${shippedNames.join(', ')}.`)
}
