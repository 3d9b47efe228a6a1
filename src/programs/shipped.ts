import type { ProgramSpec } from '../asm/program.ts'
import { ingress, ingressName } from './load-balancer/datapath/ingress.ts'

/** The programs that come with the package, by name; each is compiled when it is asked for. */
export const shippedPrograms: Readonly<Record<string, () => ProgramSpec>> = {
  [ingressName]: () => ingress(),
}
