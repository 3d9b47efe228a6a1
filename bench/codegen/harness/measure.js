// How long programs run in the kernel, one after the other and over again: the machine's mood changes, the difference
// of neighbours does not.
import process from 'node:process'

/** Microseconds that one measurement takes: the kernel runs the program as often as fits. */
const span = 3000

/** How often the programs are loaded anew: where their machine code comes to lie, which is chance, matters. */
const loads = 24

/**
 * Times programs in turns, and an empty program with them: what the kernel does around a program in a test run is
 * no part of it.
 *
 * @param packets what they run on, in equal shares
 * @param load loads the programs anew: one or two, and the empty one last
 * @param rounds how often each is measured, in all
 * @param repeat how often a program runs in one measurement; as often as fits when absent
 * @returns for each program the median nanoseconds of a run, and the ratio of the first to the second: how much longer
 *   it took in the median of the pairs, beside what the second one takes
 */
export function measure(load, packets, rounds, repeat) {
  const times = []
  for (let i = 0; i < loads; i++) {
    const programs = load()
    try {
      times.push(...takeTurns(programs, packets, Math.ceil(rounds / loads), repeat))
    } finally {
      for (const program of programs) program.close()
    }
  }
  const net = times.map((turn) => turn.map((time) => time - turn[turn.length - 1]))
  const nanoseconds = net[0].slice(0, -1).map((_, i) => median(net.map((turn) => turn[i])))
  const [, second] = nanoseconds
  const ratio = second && 1 + median(times.map(([ours, theirs]) => ours - theirs)) / second
  return { nanoseconds, ratio }
}

/** Who comes later finds the caches as the others have left them: they take turns in that too. */
function takeTurns(programs, packets, rounds, repeat = calibrate(programs[0], packets)) {
  return Array.from({ length: rounds }, (_, round) => {
    const turn = []
    for (const i of programs.keys()) {
      const at = (i + round) % programs.length
      turn[at] = nanoseconds(programs[at], packets, repeat)
    }
    return turn
  })
}

/** How many runs take {@link span}. */
function calibrate(program, packets) {
  nanoseconds(program, packets, 1000)
  return Math.max(1000, Math.round((span * 1000) / Math.max(1, nanoseconds(program, packets, 20_000))))
}

/**
 * By the processor time of this process, which other processes do not add to. What the kernel itself reports is
 * rounded to whole nanoseconds, a tenth of what a small program takes.
 */
function nanoseconds(program, packets, repeat) {
  const before = process.cpuUsage()
  const share = Math.ceil(repeat / packets.length)
  for (const packet of packets) program.run(packet, { repeat: share })
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / (share * packets.length)
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
