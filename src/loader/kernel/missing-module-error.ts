import { type ErrorContext, TsbpfError } from '../../asm/diagnostics/error.ts'

/** The running kernel has not loaded modules that something takes. */
export class MissingModuleError extends TsbpfError {
  /** Their names, such as `nf_conntrack`. */
  readonly modules: readonly string[]

  /** `state`: whether they could be loaded. */
  constructor(
    modules: readonly string[],
    state: 'installed' | 'absent',
    release: string,
    context: ErrorContext = {},
  ) {
    const list = `${modules.length === 1 ? 'module' : 'modules'} ${modules.join(', ')}`
    const message =
      state === 'absent'
        ? `the kernel that runs here (${release}) has no ${list}`
        : `the kernel did not load its ${list}`
    super('KERNEL_MODULE', message, context)
    this.modules = modules
  }
}
