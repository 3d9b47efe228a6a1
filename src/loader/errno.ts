import { constants } from 'node:os'

/** errno numbers that leak out of the kernel without being in any user-space table (include/linux/errno.h). */
const kernelOnly: Readonly<Record<number, string>> = { 524: 'ENOTSUPP' }

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]))

/** The symbolic name of an error number, such as `ENOENT` for 2. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? kernelOnly[errno] ?? `ERRNO_${errno}`
}
