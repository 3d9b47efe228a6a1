import { TsbpfError } from '../../diagnostics/error.ts'

/** A file that is no BPF object, or a damaged one. Code `ELF_MALFORMED`. */
export class MalformedElfError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('ELF_MALFORMED', message, { hint })
  }
}
