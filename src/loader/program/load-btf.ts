import { BtfWriter } from '../../asm/btf/writer.ts'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { bpfError } from '../bpf/error.ts'
import { Fd } from '../bpf/fd.ts'
import { btfLoad } from '../bpf/program-commands.ts'
import type { BpfSyscall } from '../bpf/syscall.ts'
import { errnoName } from '../errno.ts'

/** The kernel takes BTF, but not this one. */
export class BtfLoadError extends TsbpfError {
  /** The kernel's log, line by line through the types. */
  readonly log: string

  constructor(name: string, errno: number, log: string) {
    const last = log.trimEnd().split('\n').at(-1) ?? ''
    super('BTF_LOAD', `the types of program "${name}" were rejected: ${last || errnoName(errno)}`, {
      hint: 'This is a fault of the compiler, not of the program; please report it.',
      details: log,
    })
    this.log = log
  }
}

/**
 * Loads a program's BTF.
 *
 * @returns its file descriptor; undefined when this kernel takes no BTF at all, without which the program still runs
 * @throws {BtfLoadError} when the kernel takes BTF but not this one
 * @throws {MissingPrivilegeError} for want of CAP_BPF
 */
export function loadBtf(bpf: BpfSyscall, btf: Uint8Array, name: string): Fd | undefined {
  const result = btfLoad(bpf, btf)
  if (result >= 0) return new Fd(result, `BTF of program "${name}"`, bpf)
  if (errnoName(-result) === 'EPERM')
    throw bpfError('BPF_BTF_LOAD', -result, `load the types of program "${name}"`)
  if (!takesBtf(bpf)) return undefined
  const log = new Uint8Array(LOG_SIZE)
  const again = btfLoad(bpf, btf, log)
  if (again >= 0) return new Fd(again, `BTF of program "${name}"`, bpf)
  throw new BtfLoadError(name, -result, new TextDecoder().decode(log.subarray(0, log.indexOf(0))))
}

const LOG_SIZE = 1024 * 1024

/** Whether the kernel takes the least there can be: an `int`. */
function takesBtf(bpf: BpfSyscall): boolean {
  const writer = new BtfWriter()
  writer.int('int', 4, { signed: true })
  const result = btfLoad(bpf, writer.finish({ littleEndian: true }))
  if (result >= 0) bpf.close(result)
  return result >= 0
}
