import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** From power on to the suite's first word: 6 s on an idle machine. */
const bootTime = 180_000
/** From one word to the next: `up` takes 20 s under emulation. */
const silence = 300_000

/**
 * Boots a kernel and hands on what the guest reports, each an object with an `event`, until `end`.
 *
 * One virtual processor: with two under multi-threaded emulation some kernels die while booting, once in 20 times.
 *
 * @param machine `kernel` and `initrd` are files; `parameters` go on the kernel's command line; the guest's console
 *   is written to the file `console`
 * @returns whether the suite `started` and `ended`, and why not
 */
export async function boot({ kernel, initrd, parameters, console }, onEvent) {
  const qemu = spawn('qemu-system-x86_64', [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-machine', 'q35', ...accelerator(), '-smp', '1', '-m', '1536'],
    ...['-serial', `file:${console}`, '-serial', 'stdio'],
    ...['-kernel', kernel, '-initrd', initrd],
    '-append',
    `console=ttyS0 quiet panic=-1 oops=panic mitigations=off nokaslr ${parameters}`,
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

/** /dev/kvm may exist where the processor cannot do it. */
function accelerator() {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    if (/\b(vmx|svm)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) return ['-accel', 'kvm', '-cpu', 'host']
  } catch {}
  return ['-accel', 'tcg', '-cpu', 'max']
}
