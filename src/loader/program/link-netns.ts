import { openSync } from 'node:fs'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'
import { currentNamespacePath } from '../netns/namespace.ts'
import type { AttachableProgram, BpfLink } from './link.ts'
import { attachToFile } from './link-file.ts'

/** What programs of a network namespace can be attached to. */
export type NamespaceAttachType = 'sk_lookup' | 'flow_dissector'

/**
 * Attaches a program to the process's network namespace through a link (Linux 5.8; `sk_lookup` 5.9).
 *
 * @returns the link; closing it detaches, unless it is pinned
 * @throws {BpfError} EEXIST when the namespace has a flow dissector already
 */
export function attachNamespace(
  program: AttachableProgram,
  type: NamespaceAttachType,
  bpf: BpfSyscall = kernelBpf,
): BpfLink {
  const where = `${type} of this network namespace`
  return attachToFile(
    program,
    { file: openSync(currentNamespacePath, 'r'), type, where, what: 'netns link', hints },
    bpf,
  )
}

const hints: Readonly<Record<string, string>> = {
  EEXIST: 'A namespace has one flow dissector; if the initial namespace has one, it counts for all.',
  EINVAL: 'The program was written for another place, or this kernel has no such links (Linux 5.9).',
  E2BIG: 'The namespace has 64 programs there, the most there can be.',
}
