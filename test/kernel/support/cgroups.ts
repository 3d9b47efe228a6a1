import { readFileSync } from 'node:fs'

/** Where the hierarchy of version 2 is mounted on this machine. */
export const cgroupRoot = mountPoint() ?? '/sys/fs/cgroup'

function mountPoint(): string | undefined {
  try {
    // device path type options …
    const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n')
    return lines.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1]
  } catch {
    return undefined
  }
}
