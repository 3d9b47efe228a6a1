import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { nearest } from '../../asm/diagnostics/nearest.ts'
import { cString } from '../bpf/request.ts'
import { SyscallError, syscall } from '../ffi.ts'
import { syscallNumber } from '../syscall-numbers.ts'
import { FSCONFIG_CMD_CREATE, FSMOUNT_CLOEXEC, FSOPEN_CLOEXEC } from '../system-constants.ts'
import { AttachTargetError } from './attach-target-error.ts'
import { UnsupportedFeatureError } from './unsupported-feature-error.ts'

/** Where tracefs usually is; the second before Linux 4.1, and still on many machines. */
const usual = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

/**
 * Calls `use` with a directory that is tracefs. Where nobody has mounted it, a mount of our own is used that has no
 * place in the file system (fsopen, Linux 5.2), so that nothing on the machine changes.
 *
 * @throws {UnsupportedFeatureError} on a kernel without tracefs
 * @throws {SyscallError} EPERM without CAP_SYS_ADMIN
 */
export function withTracefs<T>(use: (directory: string) => T): T {
  const mounted = usual.find((directory) => existsSync(`${directory}/events`))
  if (mounted !== undefined) return use(mounted)
  const mount = detachedMount()
  try {
    return use(`/proc/self/fd/${mount}`)
  } finally {
    closeSync(mount)
  }
}

function detachedMount(): number {
  let context: number
  try {
    context = syscall('fsopen(tracefs)', syscallNumber('fsopen'), cString('tracefs'), FSOPEN_CLOEXEC)
  } catch (cause) {
    if (!(cause instanceof SyscallError) || cause.errnoName !== 'ENODEV') throw cause
    throw new UnsupportedFeatureError('tracefs', '4.1', {
      hint: 'It must be built with CONFIG_TRACING, as distribution kernels are.',
      cause,
    })
  }
  try {
    const nr = syscallNumber('fsconfig')
    syscall('fsconfig(tracefs)', nr, context, FSCONFIG_CMD_CREATE, null, null, 0)
    return syscall('fsmount(tracefs)', syscallNumber('fsmount'), context, FSMOUNT_CLOEXEC, 0)
  } finally {
    closeSync(context)
  }
}

/**
 * The kernel's number for a tracepoint, as perf_event_open takes it.
 *
 * @throws {AttachTargetError} when there is no such tracepoint
 */
export function tracepointId(category: string, name: string): number {
  return withTracefs((directory) => {
    const events = `${directory}/events`
    try {
      return Number(readFileSync(`${events}/${category}/${name}/id`, 'utf8'))
    } catch (cause) {
      throw new AttachTargetError(
        `this kernel has no tracepoint ${category}:${name}`,
        `${suggestion(events, category, name)}A tracepoint in a module is there while the module is loaded.`,
        cause,
      )
    }
  })
}

function suggestion(events: string, category: string, name: string): string {
  const list = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : [])
  const categories = list(events)
  const near = categories.includes(category)
    ? nearest(name, list(`${events}/${category}`)).map((found) => `${category}:${found}`)
    : nearest(category, categories).map((found) => `category ${found}`)
  return near.length === 0 ? '' : `Did you mean ${near.join(', ')}? `
}
