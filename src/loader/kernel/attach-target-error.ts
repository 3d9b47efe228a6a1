import { TsbpfError } from '../../asm/diagnostics/error.ts'

/** There is no such thing to attach a program to. */
export class AttachTargetError extends TsbpfError {
  constructor(message: string, hint: string, cause?: unknown) {
    super('ATTACH_TARGET', message, { hint, cause })
  }
}
