import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { hasFunctionTracing, hasSecurityHooks } from '../../../src/loader/kernel/program-probes.ts'
import { attachKprobe, attachTracepoint } from '../../../src/loader/program/link-perf-event.ts'
import { attachTracing } from '../../../src/loader/program/link-tracing.ts'
import { connects, fentryConnects } from '../../../src/programs/examples/fentry-connects.ts'
import { fexitReadBytes, reads } from '../../../src/programs/examples/fexit-read-bytes.ts'
import { kprobeUnlinks, unlinks } from '../../../src/programs/examples/kprobe-unlinks.ts'
import { lsmNoRawSockets } from '../../../src/programs/examples/lsm-no-raw-sockets.ts'
import { rawTracepointSyscalls, systemCalls } from '../../../src/programs/examples/raw-tracepoint-syscalls.ts'
import { Sum, syscallSum } from '../../../src/programs/examples/syscall-sum.ts'
import { parents, tpBtfParents } from '../../../src/programs/examples/tp-btf-parents.ts'
import { execs, tracepointExecs } from '../../../src/programs/examples/tracepoint-execs.ts'
import { failOnLeakedFds } from '../bpf/fixture.ts'
import { whyNoKernelTests } from '../support/availability.ts'
import { describe, it } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'
import { closeAfterEach, closing, load, loadOnly } from './loaded.ts'

failOnLeakedFds()
closeAfterEach()
const namespaces = testNamespaces()

const here = whyNoKernelTests === undefined
/** A test, or one that is skipped and says why. */
const where = (available: boolean, why: string): ((name: string, body: () => void) => void) =>
  !here || available ? it : (name, body) => it.skip(`${name} (${why})`, body)

const functions = where(here && hasFunctionTracing(), 'this kernel refuses fentry programs')
const probes = where(existsSync('/sys/bus/event_source/devices/kprobe'), 'this kernel has no kprobes')
const hooks = where(here && hasSecurityHooks(), 'this kernel refuses security policies')

describe('raw tracepoint: system calls', () => {
  it('counts them by number', () => {
    const { map, program } = load(rawTracepointSyscalls, systemCalls)
    closing(attachTracing(program))
    // getpid is called by nobody else that often.
    const number = process.arch === 'arm64' ? 172 : 39
    const before = map.get(number)?.count ?? 0n
    execFileSync('python3', ['-c', 'import os\nfor i in range(1000): os.getpid()'])
    expect((map.get(number)?.count ?? 0n) - before).toBeGreaterThanOrEqual(1000n)
  })
})

/** Starts a program as a child of this process. @returns its number */
function execute(): number {
  const shell = spawnSync('true')
  return shell.pid
}

describe('tracepoint: execs', () => {
  it('notes what is started', () => {
    const { map, program } = load(tracepointExecs, execs)
    closing(attachTracepoint(program))
    const pid = execute()
    expect(map.get(pid & 0xffff)).toEqual({ pid, name: 'true' })
  })
})

describe('typed tracepoint: parents', () => {
  it('follows pointers of the kernel', () => {
    const { map, program } = load(tpBtfParents, parents)
    closing(attachTracing(program))
    const pid = execute()
    expect(map.get(pid & 0xffff)).toEqual({ pid, parent: process.pid })
  })
})

describe('kprobe: unlinks', () => {
  probes('reads arguments from registers', () => {
    const { map, program } = load(kprobeUnlinks, unlinks)
    closing(attachKprobe(program))
    const file = join(tmpdir(), `tsbpf-unlink-${process.pid}`)
    writeFileSync(file, '')
    const { ino } = statSync(file, { bigint: true })
    unlinkSync(file)
    expect(map.get(process.pid & 0xffff)).toEqual({ pid: process.pid, files: 1, inode: ino })
  })
})

describe('raw tracepoints that user space runs', () => {
  it('get its arguments', () => {
    const { map, program } = load(rawTracepointSyscalls, systemCalls)
    const { retval } = program.run(new Uint8Array(BigUint64Array.of(0n, 333n).buffer))
    expect(retval).toBe(0)
    expect(map.get(333)).toEqual({ count: 1n })
  })
})

describe('fentry: connects', () => {
  functions('counts TCP connections by port', () => {
    const namespace = namespaces.create('fentry')
    const { map, program } = load(fentryConnects, connects)
    closing(attachTracing(program))
    run(namespace, 'bash', '-c', '(echo > /dev/tcp/127.0.0.1/4711) 2>/dev/null || true')
    expect(map.get(4711)).toEqual({ count: 1n })
  })
})

describe('fexit: bytes read', () => {
  functions('adds up what the kernel function returns', () => {
    const { map, program } = load(fexitReadBytes, reads)
    closing(attachTracing(program))
    const before = map.get(0)?.bytes ?? 0n
    const { length } = readFileSync(process.execPath)
    expect((map.get(0)?.bytes ?? 0n) - before).toBeGreaterThanOrEqual(BigInt(length))
  })
})

describe('lsm: no raw sockets', () => {
  hooks('refuses them to one user', () => {
    const nobody = 65534
    closing(attachTracing(loadOnly(lsmNoRawSockets(nobody))))
    const raw = (uid: number): string =>
      execFileSync('python3', [
        '-c',
        `import socket, os
os.setresuid(${uid}, 0, 0) # the effective one stays root, with its capabilities
try: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('made')
except PermissionError: print('refused')`,
      ])
        .toString()
        .trim()
    expect(raw(0)).toBe('made')
    expect(raw(nobody)).toBe('refused')
  })
})

describe('syscall: sum', () => {
  it('answers in the memory that it was given', () => {
    const program = loadOnly(syscallSum)
    const { retval, argument } = program.run(Sum.encode({ a: 0xffff_ffff, b: 2, result: 0n }))
    expect(retval).toBe(0)
    expect(Sum.decode(argument)).toEqual({ a: 0xffff_ffff, b: 2, result: 0x1_0000_0001n })
    expect(() => program.run(new Uint8Array(4))).toThrow(expect.objectContaining({ errnoName: 'EINVAL' }))
  })
})
