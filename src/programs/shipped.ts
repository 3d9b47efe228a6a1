import type { ProgramSpec } from '../asm/program.ts'
import { NotFoundError } from './load-balancer/control/errors.ts'
import { type IngressOptions, ingress, ingressName } from './load-balancer/datapath/ingress.ts'

/** The programs that come with the package, by name; each is compiled when it is asked for. */
export const shippedPrograms: Readonly<Record<string, (options?: IngressOptions) => ProgramSpec>> = {
  [ingressName]: ingress,
}

/** The shipped program of this name, to be compiled. @throws {NotFoundError} naming those there are */
export function shippedProgram(name: string): (options?: IngressOptions) => ProgramSpec {
  const compile = Object.hasOwn(shippedPrograms, name) ? shippedPrograms[name] : undefined
  if (compile !== undefined) return compile
  throw new NotFoundError(
    `there is no program "${name}"`,
    `The programs are: ${Object.keys(shippedPrograms).join(', ')}.`,
  )
}
