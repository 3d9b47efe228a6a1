import { u32 } from '../../layout/scalar.ts'
import { struct } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'

/** `struct xdp_md` (include/uapi/linux/bpf.h), the context of XDP programs. */
export const XdpMd = struct('xdp_md', {
  data: u32,
  dataEnd: u32,
  dataMeta: u32,
  /** Interface the packet came in through. */
  ingressIfindex: u32,
  /** Queue of that interface. */
  rxQueueIndex: u32,
  /** Interface the packet leaves through; known to programs in a device map alone. */
  egressIfindex: u32,
})

/** `struct xdp_md` as programs on an interface may use it (`xdp_is_valid_access` in net/core/filter.c). */
export const XdpContextType = contextType(XdpMd, {
  hidden: ['data', 'dataEnd', 'dataMeta', 'egressIfindex'],
  packet: 'direct',
})

/** The context of an XDP program in the DSL. */
export type XdpContext = ContextRef<typeof XdpContextType>

/** Verdict of an XDP program: it went wrong. The packet is dropped and the tracepoint `xdp:xdp_exception` fires. */
export const XDP_ABORTED = 0
/** Verdict of an XDP program: the packet is dropped, before the kernel has made an skb of it. */
export const XDP_DROP = 1
/** Verdict of an XDP program: the packet goes on to the network stack. */
export const XDP_PASS = 2
/** Verdict of an XDP program: the packet is sent back through the interface it came in by. */
export const XDP_TX = 3
/** Verdict of an XDP program: the packet goes where `bpf_redirect` or `bpf_redirect_map` said. */
export const XDP_REDIRECT = 4

/**
 * An XDP program, which sees packets as the driver received them. `write` is run once, to write the program; it must
 * end every way with `b.return(verdict)`.
 *
 * ```ts
 * xdp('drop_short', (b, ctx) => {
 *   b.packet(ctx).require(60, { otherwise: XDP_DROP })
 *   b.return(XDP_PASS)
 * })
 * ```
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function xdp(
  name: string,
  write: (b: ProgramBuilder<'xdp'>, ctx: XdpContext) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const returns = {
    min: XDP_ABORTED,
    max: XDP_REDIRECT,
    meaning: 'The verdicts are XDP_ABORTED (0), XDP_DROP (1), XDP_PASS (2), XDP_TX (3) and XDP_REDIRECT (4).',
  }
  const kind = { type: 'xdp', returns, attach: { type: 'xdp' } } as const
  return contextProgram(kind, name, XdpContextType, 'ctx', write, options)
}
