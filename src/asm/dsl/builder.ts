import type { ProgramType } from '../program.ts'
import type { Result } from './core/emitter.ts'
import type { Int } from './core/values.ts'
import { type HelperCalls, helperCalls } from './helper/helper-calls.ts'
import { HelperStatements } from './helper/helper-statements.ts'
import { ChecksumChange } from './packet/checksum-change.ts'
import { Packet } from './packet/packet.ts'
import type { PacketContext } from './program/context-ref.ts'
import type { Verdict } from './program/returns.ts'

/**
 * Writes a program, statement by statement: each method emits its instructions where it is called. Control flow is
 * written as callbacks, which run once, at once. `P` is the program's type, which decides what it may call; code for
 * programs of any type takes a plain `ProgramBuilder`. `R` is what it returns.
 */
export class ProgramBuilder<
  out P extends ProgramType = ProgramType,
  R extends Result = Verdict<P> | Int,
> extends HelperStatements {
  /** Ends the program with this value: a verdict, for program types that have verdicts; or a function with its result. */
  override return(...value: undefined extends R ? [] : [value: R]): void {
    super.return(value[0] as Result)
  }

  /**
   * The kernel's helper functions that this type of program may call, for everything that has no statement of its own:
   * `b.helpers.skb_store_bytes({ skb, offset: 14, from: header })`. Memory goes with its size; flags may be left out.
   */
  get helpers(): HelperCalls<P> {
    return helperCalls<P>(this)
  }

  /** The packet that the program was called for, for direct access. */
  packet(context: PacketContext): Packet {
    return new Packet(this as unknown as ProgramBuilder, context)
  }

  /** The start of a description of what changes under an Internet checksum; nothing so far. */
  checksumChange(): ChecksumChange {
    return new ChecksumChange(this)
  }
}
