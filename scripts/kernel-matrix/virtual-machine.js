import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { architectures } from './architectures.js'

/** From power on to the suite's first word: 6 s on an idle machine, 11 s for arm64. */
const bootTime = 180_000
/** From one word to the next: `up` takes 20 s under emulation. */
const silence = 300_000

/**
 * Boots a kernel and hands on what the guest reports, each an object with an `event`, until `end`.
 *
 * One virtual processor: with two under multi-threaded emulation some kernels die while booting, once in 20 times.
 *
 * @param machine `architecture` is Debian's name of it; `kernel` and `initrd` are files; `parameters` go on the kernel's command line; the guest's console
 *   is written to the file `console`
 * @returns whether the suite `started` and `ended`, and why not
 */
export async function boot({ architecture, kernel, initrd, parameters, console }, onEvent) {
  const board = architectures[architecture]
  const qemu = spawn(board.qemu, [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...[...board.machine, ...accelerator(board), '-smp', '1', '-m', '1536'],
    ...board.serial(console),
    ...['-kernel', kernel, '-initrd', initrd],
    '-append',
    [
      `console=${board.console} quiet panic=-1 oops=panic mitigations=off nokaslr`,
      `results=${board.results} ${parameters}`,
    ].join(' '),
  ])
  const result = { started: false, ended: false, problem: '' }
  let timer
  const allow = (milliseconds, what) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      result.problem ||= `${what} for ${milliseconds / 1000} s`
      qemu.kill('SIGKILL')
    }, milliseconds)
  }
  const stop = () => qemu.kill('SIGKILL')
  process.once('exit', stop)
  let errors = ''
  qemu.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  allow(bootTime, 'did not come up')
  createInterface({ input: qemu.stdout }).on('line', (line) => {
    const event = parseEvent(line)
    if (event === undefined) return
    allow(silence, 'said nothing')
    result.started = true
    if (event.event === 'end') {
      result.ended = true
      stop()
    } else onEvent(event)
  })
  const status = await new Promise((resolve) => {
    qemu.on('error', (error) => resolve(error.message))
    qemu.on('close', (code) => resolve(`status ${code}`))
  })
  clearTimeout(timer)
  process.off('exit', stop)
  if (!result.ended) result.problem ||= `ended early (QEMU: ${errors.trim() || status})`
  return result
}

function parseEvent(line) {
  // What the firmware or a dying kernel writes there is not ours.
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** Only the machine's own architecture is not emulated; and /dev/kvm may exist where an x86 processor cannot do it. */
function accelerator({ node, emulated }) {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    const able = node !== 'x64' || /\b(vmx|svm)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
    if (node === process.arch && able) return ['-accel', 'kvm', '-cpu', 'host']
  } catch {}
  return ['-accel', 'tcg', '-cpu', emulated]
}
