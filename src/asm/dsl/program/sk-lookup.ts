import { be16, be32, u16, u32, u64 } from '../../layout/scalar.ts'
import { array, struct } from '../../layout/struct.ts'
import type { ProgramBuilder } from '../builder.ts'
import { type ContextRef, contextType } from './context-ref.ts'
import { type BuiltProgram, contextProgram, type ProgramOptions } from './program.ts'

/** `struct bpf_sk_lookup` (include/uapi/linux/bpf.h), the context of programs that choose a listening socket. */
export const SkLookup = struct('bpf_sk_lookup', {
  /** In test runs, the cookie of the chosen socket. */
  cookie: u64,
  family: u32,
  protocol: u32,
  /** Where the packet comes from. */
  remoteIp4: be32,
  remoteIp6: array(be32, 4),
  remotePort: be16,
  remotePortUnused: u16,
  /** Where it goes. */
  localIp4: be32,
  localIp6: array(be32, 4),
  /** The port it goes to, in host order. */
  localPort: u32,
  ingressIfindex: u32,
})

/** `struct bpf_sk_lookup` as programs may use it (`sk_lookup_is_valid_access` in net/core/filter.c). */
export const SkLookupContextType = contextType(SkLookup, { hidden: ['cookie', 'remotePortUnused'] })

/** The context of a socket lookup program in the DSL. */
export type SkLookupContext = ContextRef<typeof SkLookupContextType>

/** Verdict of a socket lookup program: the packet is for no socket. */
export const SK_DROP = 0
/** Verdict of a socket lookup program: go on with the chosen socket, or look for one as usual. */
export const SK_PASS = 1

/**
 * A program that is asked which socket a new connection or a datagram is for, before the kernel looks for one itself.
 *
 * @param name 1–15 characters of `[A-Za-z0-9_.]`
 * @throws {BuildError} for a mistake in the program, with the author's line
 */
export function skLookup(
  name: string,
  write: (b: ProgramBuilder<'sk_lookup'>, ctx: SkLookupContext) => void,
  options: ProgramOptions = {},
): BuiltProgram {
  const meaning = 'The verdicts are SK_DROP (0) and SK_PASS (1).'
  const kind = {
    type: 'sk_lookup',
    returns: { min: 0, max: 1, meaning },
    attach: { type: 'sk_lookup' },
  } as const
  return contextProgram(kind, name, SkLookupContextType, 'ctx', write, options)
}
