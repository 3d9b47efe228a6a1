import { constants } from 'node:os'

/** errno numbers that leak out of the kernel without being in any user-space table (include/linux/errno.h). */
const kernelOnly: Readonly<Record<number, string>> = { 524: 'ENOTSUPP' }

/** Second names of the same numbers (include/uapi/asm-generic/errno.h); the kernel's own name is the other one. */
const aliases: ReadonlySet<string> = new Set(['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK'])

const names = new Map(
  Object.entries(constants.errno)
    .filter(([name]) => !aliases.has(name))
    .map(([name, number]) => [number, name]),
)

/** The symbolic name of an error number, such as `ENOENT` for 2. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? kernelOnly[errno] ?? `ERRNO_${errno}`
}
