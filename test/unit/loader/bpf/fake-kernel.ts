import type { BpfCommand } from '../../../../src/loader/bpf/constants.ts'
import type { BpfRequest } from '../../../../src/loader/bpf/request.ts'
import type { BpfObjectKind, BpfSyscall } from '../../../../src/loader/bpf/syscall.ts'

/** What the fake does with a request: writes answers into it and returns the result. */
export type Answer = (request: BpfRequest) => number

/** A kernel that keeps what it was asked and answers as it was told. */
export class FakeKernel implements BpfSyscall {
  readonly requests: BpfRequest[] = []
  readonly closed: number[] = []
  kind: BpfObjectKind = 'map'
  readonly #answers: Partial<Record<BpfCommand, Answer>>

  /** Commands without an answer return 0. */
  constructor(answers: Partial<Record<BpfCommand, Answer>> = {}) {
    this.#answers = answers
  }

  readonly call = (request: BpfRequest): number => {
    this.requests.push(request)
    return this.#answers[request.command]?.(request) ?? 0
  }

  readonly close = (fd: number): void => {
    this.closed.push(fd)
  }

  readonly kindOf = (): BpfObjectKind => this.kind

  /** The commands asked for, in order. */
  get commands(): BpfCommand[] {
    return this.requests.map(({ command }) => command)
  }
}

/** The buffer a request points to at an offset. */
export function pointee(request: BpfRequest, offset: number): Uint8Array {
  const field = request.pointers.find((pointer) => pointer.offset === offset)
  if (field === undefined) throw new Error(`${request.command} has no pointer at ${offset}`)
  return field.buffer
}
