// How long a program runs in the kernel, in pairs: the machine's mood changes, the ratio of neighbours does not.
import process from 'node:process'

/** Microseconds that one measurement takes: the kernel runs the program as often as fits. */
const span = 8000

/**
 * Runs both halves in turns on the packet.
 *
 * @returns the median nanoseconds of a run of each, and the median of the ratios of the pairs
 */
export function measurePair(ours, theirs, packet, rounds) {
  const repeat = calibrate(ours, packet)
  const pairs = Array.from({ length: rounds }, (_, round) => {
    // Who comes second finds the caches as the first has left them: they take turns in that too.
    if (round % 2 === 0) {
      const first = nanoseconds(ours, packet, repeat)
      return [first, nanoseconds(theirs, packet, repeat)]
    }
    const first = nanoseconds(theirs, packet, repeat)
    return [nanoseconds(ours, packet, repeat), first]
  })
  return {
    ours: median(pairs.map(([a]) => a)),
    theirs: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => a / b)),
  }
}

/** The median nanoseconds of a run of one program alone. */
export function measureOne(half, packet, rounds) {
  const repeat = calibrate(half, packet)
  return median(Array.from({ length: rounds }, () => nanoseconds(half, packet, repeat)))
}

/** How many runs take {@link span}. */
function calibrate(half, packet) {
  half.run(packet, { repeat: 1000 })
  return Math.max(1000, Math.round((span * 1000) / Math.max(1, nanoseconds(half, packet, 20_000))))
}

/**
 * By the processor time of this process, which other processes do not add to. What the kernel itself reports is
 * rounded to whole nanoseconds, a tenth of what a small program takes.
 */
function nanoseconds(half, packet, repeat) {
  const before = process.cpuUsage()
  half.run(packet, { repeat })
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / repeat
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
