import { TsbpfError } from '../diagnostics/error.ts'

/** A program that cannot be written as an ELF object, or not together with another one. Code `ELF`. */
export class ElfError extends TsbpfError {
  constructor(message: string, hint = '') {
    super('ELF', message, { hint })
  }
}
