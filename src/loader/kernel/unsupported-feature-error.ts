import { type ErrorContext, TsbpfError } from '../../asm/diagnostics/error.ts'

/** The running kernel lacks something that was asked for. */
export class UnsupportedFeatureError extends TsbpfError {
  /** What is missing: `tcx links`, `kernel function bpf_skb_ct_lookup`. */
  readonly feature: string
  /** The first kernel release that has it, such as `6.6`. */
  readonly since: string

  constructor(feature: string, since: string, context: ErrorContext = {}) {
    super('KERNEL_FEATURE', `this kernel has no ${feature}; Linux ${since} and later do`, context)
    this.feature = feature
    this.since = since
  }
}
