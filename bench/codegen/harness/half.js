// One half of a pair in the kernel: its program and maps of its own.
import { BpfMap, loadProgram, RingBuffer } from 'tsbpf-lb/loader'
import { newNamespace } from './namespace.js'

/** BPF_LOG_STATS (include/linux/bpf_verifier.h): the log has the closing statistics only. */
const statisticsOnly = 4

/**
 * Loads a program with new maps, which `prepare` fills, to run in this or in a network namespace of its own.
 *
 * @returns what can be done with it, and what the verifier said
 */
export function loadHalf(spec, { prepare = () => {}, ownNamespace = false } = {}) {
  const namespace = ownNamespace ? newNamespace() : undefined
  const maps = new Map(spec.maps.map((map) => [map.name, BpfMap.create(map)]))
  const close = () => {
    for (const map of maps.values()) map.close()
    namespace?.close()
  }
  try {
    const program = loadProgram(spec, { maps, logLevel: statisticsOnly })
    prepare((name) => maps.get(name))
    return {
      maps,
      stack: stackDepth(program.log),
      verified: program.info().verifiedInstructions,
      run: (packet, options) => {
        const run = () => program.testRun(packet, options)
        return namespace === undefined ? run() : namespace.inside(run)
      },
      close: () => {
        program.close()
        close()
      },
    }
  } catch (error) {
    close()
    throw error
  }
}

/** The deepest stack of a call chain, in bytes: `stack depth 16+8` has one number for each function. */
function stackDepth(log) {
  const depths = /stack depth ([\d+]+)/.exec(log)?.[1]
  return depths === undefined ? undefined : depths.split('+').reduce((sum, depth) => sum + Number(depth), 0)
}

/**
 * Everything in a half's maps that both halves must agree on, as text; elements that are all zero are left out. Records
 * of ring buffers are taken out.
 */
export function contents(half, normalise = (_map, value) => value) {
  return [...half.maps].flatMap(([name, map]) => {
    if (map.spec.inner !== undefined) return []
    if (map.spec.type === 'ringbuf')
      return records(map).map((bytes) => `${name}: ${hex(normalise(name, bytes))}`)
    return [...map.entries()]
      .map(([key, value]) => [key, map.spec.type.includes('percpu') ? sumOfCpus(value, map.spec) : value])
      .map(([key, value]) => `${name}[${hex(key)}] = ${hex(normalise(name, value))}`)
      .filter((line) => !/= 0*$/.test(line))
      .sort()
  })
}

function records(map) {
  const found = []
  const buffer = new RingBuffer(map, { size: 0, decode: (bytes) => Uint8Array.from(bytes) })
  buffer.read((record) => found.push(record))
  buffer.close()
  return found
}

/** On which CPU a run happens is chance: the 64-bit counters of all are added up. */
function sumOfCpus(bytes, { valueSize }) {
  const share = Math.ceil(valueSize / 8)
  const sums = new BigUint64Array(share)
  const counters = new BigUint64Array(bytes.slice().buffer)
  for (const [i, counter] of counters.entries()) sums[i % share] += counter
  return new Uint8Array(sums.buffer)
}

export function hex(bytes) {
  return Buffer.from(bytes).toString('hex')
}
