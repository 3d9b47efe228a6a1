import { readFileSync } from 'node:fs'

let count: number | undefined

/**
 * How many CPUs the kernel makes room for, plugged in or not: the number of values in a per-CPU map's entry
 * (`num_possible_cpus()`).
 */
export function possibleCpus(): number {
  count ??= parseCpuList(readFileSync('/sys/devices/system/cpu/possible', 'latin1'))
  return count
}

/**
 * Counts the CPUs of a list such as `0-3,8`, up to the highest: the kernel numbers per-CPU values densely.
 *
 * @throws {RangeError} on anything else
 */
export function parseCpuList(list: string): number {
  let total = 0
  for (const range of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range)
    if (match === null) throw new RangeError(`"${list.trim()}" is not a list of CPUs such as 0-3,8`)
    const first = Number(match[1])
    const last = match[2] === undefined ? first : Number(match[2])
    if (last < first) throw new RangeError(`"${list.trim()}" holds the empty range ${range}`)
    total += last - first + 1
  }
  return total
}
