import type { ProgramSpec } from '../asm/program.ts'
import { type IngressOptions, ingress, ingressName } from './load-balancer/datapath/ingress.ts'

/** The programs that come with the package, by name; each is compiled when it is asked for. */
export const shippedPrograms: Readonly<Record<string, (options?: IngressOptions) => ProgramSpec>> = {
  [ingressName]: ingress,
}
