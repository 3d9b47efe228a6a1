import type { XdpMd } from '../dsl/program/xdp.ts'
import type { ValueOf } from '../layout/struct.ts'
import type { ProgramSpec } from '../program.ts'
import { generalHelpers, repeatableRandom } from './helpers.ts'
import { Machine } from './machine.ts'
import type { VmMap } from './map/map.ts'
import { VmMaps } from './map/maps.ts'
import type { TcOptions } from './run-tc.ts'
import type { Redirect } from './skb.ts'
import { XdpBuffer, xdpHelpers } from './xdp-buffer.ts'

/** What an XDP program runs in: as for TC programs, with its own context. */
export interface XdpOptions extends Omit<TcOptions, 'skb' | 'linear'> {
  /** Members of the context; those left out are 0, `data`, `dataEnd` and `dataMeta` are the interpreter's. */
  readonly ctx?: Partial<ValueOf<typeof XdpMd>>
}

/** What an XDP program has done. */
export interface XdpResult {
  /** The low 32 bits of r0: `XDP_*`. */
  readonly verdict: number
  /** All of r0, unsigned. */
  readonly r0: bigint
  /** The packet as the program left it. */
  readonly packet: Uint8Array
  /** Where `bpf_redirect` sent the packet. */
  readonly redirect: Redirect | undefined
  /** Instructions executed. */
  readonly executed: number
  readonly maps: VmMaps
}

const hour = 3_600_000_000_000n

/**
 * Runs an XDP program on a packet, in the interpreter: without a kernel and without root.
 *
 * @param packet from its link header on; it is not changed
 * @throws {VmError} naming the instruction that did something illegal
 */
export function runXdp(program: ProgramSpec, packet: Uint8Array, options: XdpOptions = {}): XdpResult {
  const { ctx = {}, helpers, now = () => hour, random = repeatableRandom(1), print, ...rest } = options
  const maps = options.maps ?? new VmMaps(program.maps)
  let buffer: XdpBuffer | undefined
  const current = (): XdpBuffer => {
    if (buffer === undefined) throw new Error('no packet is being handled')
    return buffer
  }
  const machine = new Machine(program.instructions, {
    ...rest,
    name: program.name,
    maps: maps.byName as ReadonlyMap<string | number, VmMap>,
    helpers: {
      ...generalHelpers({ now, random, ...(print !== undefined && { print }) }),
      ...xdpHelpers(current),
      ...helpers,
    },
    kfuncSpecs: program.kfuncs,
  })
  const handled = new XdpBuffer(machine.memory, packet, ctx)
  buffer = handled
  const r0 = machine.run(() => [handled.map()])
  return {
    verdict: Number(BigInt.asUintN(32, r0)),
    r0,
    packet: handled.packet.slice(),
    redirect: handled.redirect,
    executed: machine.executed,
    maps,
  }
}
