import type { TsbpfError } from '../../asm/diagnostics/error.ts'
import type { BpfCommand } from '../bpf/constants.ts'
import { bpfError } from '../bpf/error.ts'
import { errnoName } from '../errno.ts'
import type { AttachableProgram } from './link.ts'

/**
 * The error of an attachment that the kernel refused.
 *
 * @param where what it was to be attached to: `cgroup /sys/fs/cgroup/web`
 * @param hints what to do, by the errno's name
 */
export function attachError(
  command: BpfCommand,
  errno: number,
  program: AttachableProgram,
  where: string,
  hints: Readonly<Record<string, string>>,
): TsbpfError {
  const name = errnoName(errno)
  const hint = Object.hasOwn(hints, name) ? hints[name] : ''
  return bpfError(command, errno, `attach program "${program.name}" to ${where}`, hint)
}
