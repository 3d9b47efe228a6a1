// The programs of the suite. Each is a file of programs/ with the DSL half and how to run it, and a .c with the same
// program in C:
//
//   title      what it is
//   spec       the DSL half; both halves use its maps
//   inputs     packets that both must treat alike, whole and cut short
//   measured   the packets that are timed, in equal shares; the first input when absent
//   repeat     how often it can run in one measurement, where that is not for ever
//   prepare    fills the maps, given a function from a map's name to the map
//   ownNamespace  whether each half needs a network namespace of its own
//   normalise  blanks what may differ in a map's value, such as a time
export const names = [
  'parse-options',
  'ipv6-walk',
  'five-tuple-hash',
  'string-compare',
  'histogram',
  'map-counters',
  'connection-table',
  'token-bucket',
  'lpm-firewall',
  'maglev',
  'checksum-rewrite',
  'ringbuf-event',
  'xdp-reflect',
  'load-balancer',
]

/** One of the pairs by its name. */
export async function loadPair(name) {
  const { default: pair } = await import(new URL(`../programs/${name}.js`, import.meta.url).href)
  return { name, measured: pair.inputs.slice(0, 1), ...pair }
}
