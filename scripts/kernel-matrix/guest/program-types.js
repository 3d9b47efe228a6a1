// Programs of the types that a kernel may do without, or that hang on its architecture: they are loaded, attached, and
// must see what happens then.
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'

const product = '/app/node_modules/tsbpf-lb/dist'

/** Loads an example with its map, attaches it, and calls `see` with the map. */
async function withExample(file, programName, mapName, attachment, see) {
  const module = await import(`${product}/programs/examples/${file}.js`)
  const loader = await import(`${product}/loader/index.js`)
  const exported = module[programName]
  // The policy is for a user: root, as which this runs.
  const program = typeof exported === 'function' ? exported(0) : exported
  const maps = mapName === undefined ? [] : [loader.createMap(module[mapName])]
  const loaded = loader.loadProgram(program, { maps })
  const link = loader[attachment](loaded)
  try {
    await see(maps[0])
  } finally {
    link.close()
    loaded.close()
    maps[0]?.close()
  }
}

/** Each type by name, with what shows that a program of it works. */
export const programTypes = {
  tracepoint: () =>
    withExample('tracepoint-execs', 'tracepointExecs', 'execs', 'attachTracepoint', (map) => {
      const { pid } = spawnSync('/usr/sbin/busybox', ['true'])
      assert.deepEqual(map.get(pid & 0xffff), { pid, name: 'busybox' })
    }),
  tp_btf: () =>
    withExample('tp-btf-parents', 'tpBtfParents', 'parents', 'attachTracing', (map) => {
      const { pid } = spawnSync('/usr/sbin/busybox', ['true'])
      assert.deepEqual(map.get(pid & 0xffff), { pid, parent: process.pid })
    }),
  fentry: () =>
    withExample('fentry-connects', 'fentryConnects', 'connects', 'attachTracing', (map) => {
      spawnSync('/usr/sbin/busybox', ['nc', '127.0.0.1', '4711'], { input: '' })
      assert.deepEqual(map.get(4711), { count: 1n })
    }),
  fexit: () =>
    withExample('fexit-read-bytes', 'fexitReadBytes', 'reads', 'attachTracing', (map) => {
      const before = map.get(0).bytes
      const { length } = readFileSync(process.execPath)
      assert.ok(map.get(0).bytes - before >= BigInt(length))
    }),
  kprobe: () =>
    withExample('kprobe-unlinks', 'kprobeUnlinks', 'unlinks', 'attachKprobe', (map) => {
      const file = '/tsbpf-unlinked'
      writeFileSync(file, '')
      const { ino } = statSync(file, { bigint: true })
      unlinkSync(file)
      assert.deepEqual(map.get(process.pid & 0xffff), { pid: process.pid, files: 1, inode: ino })
    }),
  lsm: () =>
    withExample('lsm-no-raw-sockets', 'lsmNoRawSockets', undefined, 'attachTracing', async () => {
      const { syscall } = await import(`${product}/loader/ffi.js`)
      const { syscallNumber } = await import(`${product}/loader/syscall-numbers.js`)
      const [AF_INET, SOCK_DGRAM, SOCK_RAW, IPPROTO_ICMP] = [2, 2, 3, 1]
      const make = (type, protocol) =>
        syscall(
          'close',
          syscallNumber('close'),
          syscall('socket', syscallNumber('socket'), AF_INET, type, protocol),
        )
      make(SOCK_DGRAM, 0)
      assert.throws(() => make(SOCK_RAW, IPPROTO_ICMP), { errnoName: 'EPERM' })
    }),
}
