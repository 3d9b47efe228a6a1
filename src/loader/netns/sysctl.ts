import { readFileSync, writeFileSync } from 'node:fs'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { inNamespace, type NetworkNamespace } from './namespace.ts'

/**
 * Reads a `net.*` sysctl of a network namespace. Interface names with dots are written as sysctl(8) does, with a
 * slash: `net.ipv4.conf.eth0/10.rp_filter`.
 *
 * @param namespace `undefined`: the calling thread's
 * @returns the value without its line end
 * @throws {TsbpfError} `SYSCTL` when there is none of that name
 */
export function readSysctl(namespace: NetworkNamespace | undefined, name: string): string {
  const path = sysctlPath(name)
  try {
    // /proc/sys/net resolves to the tables of the namespace the opening thread is in.
    return inNamespace(namespace, () => readFileSync(path, 'utf8')).trimEnd()
  } catch (cause) {
    throw failure('read', name, cause)
  }
}

/** Writes a `net.*` sysctl of a network namespace; see {@link readSysctl}. @throws {TsbpfError} `SYSCTL` */
export function writeSysctl(
  namespace: NetworkNamespace | undefined,
  name: string,
  value: string | number,
): void {
  const path = sysctlPath(name)
  try {
    inNamespace(namespace, () => writeFileSync(path, `${value}`))
  } catch (cause) {
    throw failure(`write ${value} to`, name, cause)
  }
}

/** @returns the file of a sysctl. @throws {TsbpfError} `SYSCTL` when the name is not one of `net.*`. */
export function sysctlPath(name: string): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'))
  const wellFormed = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'),
  )
  if (parts[0] !== 'net' || parts.length < 2 || !wellFormed)
    throw new TsbpfError('SYSCTL', `"${name}" is not the name of a network sysctl`, {
      hint: 'Names are like net.ipv4.ip_forward; only net.* belongs to a network namespace.',
    })
  return `/proc/sys/${parts.join('/')}`
}

function failure(verb: string, name: string, cause: unknown): TsbpfError {
  const code = cause instanceof Error && 'code' in cause ? `: ${cause.code}` : ''
  return new TsbpfError('SYSCTL', `cannot ${verb} ${name}${code}`, {
    hint: 'Some sysctls exist only while a module is loaded, or only in the initial network namespace.',
    cause,
  })
}
