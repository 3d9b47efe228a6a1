import { type ErrorContext, TsbpfError } from '../diagnostics/error.ts'

/** Where in a BTF blob something is wrong. */
export interface BtfLocation {
  /** The type at fault. */
  readonly typeId?: number | undefined
  /** Offset in bytes from the first byte of the blob (its header). */
  readonly offset?: number | undefined
}

/**
 * BTF that is malformed (`BTF_MALFORMED`), that cannot be written (`BTF_WRITE`), or that has no answer to a
 * question: no such type (`BTF_NO_TYPE`), no such member (`BTF_NO_MEMBER`), no size (`BTF_NO_SIZE`), a path that
 * is not one (`BTF_PATH`).
 */
export class BtfError extends TsbpfError {
  /** The type at fault, where there is one. */
  readonly typeId: number | undefined
  /** Byte offset into the blob, where there is one. */
  readonly offset: number | undefined

  constructor(code: string, message: string, location: BtfLocation = {}, context: ErrorContext = {}) {
    super(code, message + describe(location), context)
    this.typeId = location.typeId
    this.offset = location.offset
  }
}

/** An error about bytes that are no valid BTF. */
export function malformed(reason: string, location: BtfLocation = {}): BtfError {
  return new BtfError('BTF_MALFORMED', `malformed BTF: ${reason}`, location, {
    hint: 'The data is damaged, cut short, or not BTF; kernel BTF is read from /sys/kernel/btf/vmlinux.',
  })
}

function describe({ typeId, offset }: BtfLocation): string {
  const parts: string[] = []
  if (typeId !== undefined) parts.push(`type id ${typeId}`)
  if (offset !== undefined) parts.push(`byte offset ${offset}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
