import { TsbpfError } from '../asm/diagnostics/error.ts'

/**
 * System call numbers by architecture, as Node.js names it. x86-64: arch/x86/entry/syscalls/syscall_64.tbl; arm64: the generic table,
 * include/uapi/asm-generic/unistd.h.
 */
export const syscallNumbers = {
  x64: {
    close: 3,
    mmap: 9,
    munmap: 11,
    socket: 41,
    sendto: 44,
    recvfrom: 45,
    bind: 49,
    getsockname: 51,
    setsockopt: 54,
    getsockopt: 55,
    flock: 73,
    mount: 165,
    umount2: 166,
    unshare: 272,
    perf_event_open: 298,
    setns: 308,
    bpf: 321,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
  },
  arm64: {
    close: 57,
    mmap: 222,
    munmap: 215,
    socket: 198,
    sendto: 206,
    recvfrom: 207,
    bind: 200,
    getsockname: 204,
    setsockopt: 208,
    getsockopt: 209,
    flock: 32,
    mount: 40,
    umount2: 39,
    unshare: 97,
    perf_event_open: 241,
    setns: 268,
    bpf: 280,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
  },
} as const

/** The system calls this package makes. */
export type SyscallName = keyof (typeof syscallNumbers)['x64']

/** @returns the number of a system call on the running architecture. @throws {TsbpfError} on one not in the table. */
export function syscallNumber(name: SyscallName): number {
  const numbers = syscallNumbers[process.arch as keyof typeof syscallNumbers] as
    | (typeof syscallNumbers)['x64']
    | undefined
  if (numbers === undefined)
    throw new TsbpfError(
      'ARCH_UNSUPPORTED',
      `system calls are not known for the architecture ${process.arch}`,
      {
        hint: 'Supported: x64 and arm64.',
      },
    )
  return numbers[name]
}
