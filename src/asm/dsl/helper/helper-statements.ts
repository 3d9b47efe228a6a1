import { u32, u64 } from '../../layout/scalar.ts'
import { Int } from '../core/values.ts'
import { KernelStatements } from '../kernel/kernel-statements.ts'
import { helpers } from './helpers.ts'

/** Calls of helper functions. */
export class HelperStatements extends KernelStatements {
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
