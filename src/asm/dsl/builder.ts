import type { ProgramType } from '../program.ts'
import { HelperStatements } from './helper/helper-statements.ts'
import { Packet } from './packet/packet.ts'
import type { SkbContext } from './program/context.ts'

/**
 * Writes a program, statement by statement: each method emits its instructions where it is called. Control flow is
 * written as callbacks, which run once, at once. `P` is the program's type, which decides what it may call; code for
 * programs of any type takes a plain `ProgramBuilder`.
 */
export class ProgramBuilder<out _P extends ProgramType = ProgramType> extends HelperStatements {
  /** The packet of a TC program, for direct access. */
  packet(skb: SkbContext): Packet {
    return new Packet(this, skb)
  }
}
