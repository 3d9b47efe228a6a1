// Whether two halves do the same: the same verdict, packet and map contents on the same packets.
import { contents, hex, loadHalf } from './half.js'

/** The kernel refuses shorter ones (bpf_test_init, net/bpf/test_run.c). */
const shortestPacket = 15

/**
 * Runs both programs on the same packets, each also cut short at every length, and compares after each what came
 * out, and at the end what is in the maps.
 *
 * @returns the first difference as text, undefined where there is none, and how many packets were tried
 */
export function findDifference(pair, ours, theirs) {
  const [a, b] = [loadHalf(ours, pair), loadHalf(theirs, pair)]
  try {
    const packets = pair.inputs.flatMap(cuts)
    for (const packet of packets) {
      const [x, y] = [outcome(a, packet), outcome(b, packet)]
      if (x !== y)
        return { tried: packets.length, difference: `packet ${hex(packet)}\n  DSL: ${x}\n  C:   ${y}` }
    }
    const [left, right] = [contents(a, pair.normalise), contents(b, pair.normalise)]
    const at = left.findIndex((line, i) => line !== right[i])
    if (at >= 0 || left.length !== right.length) {
      const i = Math.max(at, 0)
      return {
        tried: packets.length,
        difference: `maps\n  DSL: ${left[i] ?? 'nothing'}\n  C:   ${right[i] ?? 'nothing'}`,
      }
    }
    return { tried: packets.length, difference: undefined }
  } finally {
    a.close()
    b.close()
  }
}

/** The packet, and all that it begins with. */
function cuts(packet) {
  const lengths = Array.from({ length: packet.length - shortestPacket }, (_, i) => shortestPacket + i)
  return [...lengths.map((length) => packet.subarray(0, length)), packet]
}

function outcome(half, packet) {
  try {
    const { retval, data } = half.run(packet)
    return `returns ${retval | 0}, packet ${hex(data)}`
  } catch (error) {
    // A test run of tc wants a whole IP header where the frame says that one comes (bpf_prog_test_run_skb).
    if (error.errnoName === 'EINVAL') return 'is refused by the kernel'
    throw error
  }
}
