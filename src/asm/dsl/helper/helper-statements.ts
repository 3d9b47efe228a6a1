import { u32, u64 } from '../../layout/scalar.ts'
import { Int } from '../core/values.ts'
import { SocketStatements } from '../kernel/socket-statements.ts'
import { helpers } from './helpers.ts'
import { type PrintkArguments, printk } from './printk.ts'

/** Calls of helper functions. */
export class HelperStatements extends SocketStatements {
  /**
   * Writes a line to the kernel's trace log, `/sys/kernel/tracing/trace_pipe`: for finding mistakes, not for events
   * (that is what ring buffers are for). The format is C's, as far as the kernel has it: `%d %u %x` are 32 bits,
   * `%lld %llu %llx` 64; `%s` is memory; `%pI4` and `%pI6` are addresses in network order.
   *
   * ```ts
   * b.printk('%pI4 sent %d bytes', ip.source, skb.len)
   * ```
   *
   * Up to three arguments use `bpf_trace_printk`, up to twelve `bpf_trace_vprintk` (Linux 5.16).
   *
   * @throws {BuildError} when arguments do not fit the format
   */
  printk<const F extends string>(format: F, ...args: PrintkArguments<F>): void {
    printk(this, format, args)
  }

  /** A pseudo-random number, `bpf_get_prandom_u32`. */
  random(): Int<'u32'> {
    return new Int(this.emitter, u32, this.emitter.call(helpers.get_prandom_u32, 'i32', []))
  }

  /** The kernel's clock tick counter, `bpf_jiffies64`. */
  jiffies(): Int<'u64'> {
    return new Int(this.emitter, u64, this.emitter.call(helpers.jiffies64, 'i64', []))
  }

  /** Nanoseconds since boot without suspends, `bpf_ktime_get_ns`. */
  ktime(): Int<'u64'> {
    return new Int(this.emitter, u64, this.emitter.call(helpers.ktime_get_ns, 'i64', []))
  }
}
