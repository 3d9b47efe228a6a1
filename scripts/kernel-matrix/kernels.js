// The kernels of the matrix. Debian's cloud kernels are small, come as packages that can be unpacked without being
// installed, and keep nf_conntrack and nf_nat in modules, as every distribution does.

/** What programs may write to connections, where nf_conntrack and nf_nat agree about its type: the build decides. */
const conntrackWrites = ['nat-info-types', 'nat-info-writes', 'mark-writes']

/**
 * Each line of the matrix is the newest kernel in the mirror whose release the pattern matches.
 *
 * `suites` are read besides each other; `security` ones have a mirror of their own. `expect` says what `up` has to
 * do there: `balance`, or `refuse` with exit code 5. `lacks` are the features that it must say it lacks, `varies`
 * those that another build of it may have or lack; all others it must have. A kernel whose package may be gone from the
 * mirror is `optional`: it is skipped where it cannot be had, in CI too.
 */
export const kernels = [
  {
    name: '6.1',
    architecture: 'amd64',
    distribution: 'Debian 12',
    suites: ['bookworm', 'bookworm-security'],
    release: /^6\.1\.0-\d+-cloud-amd64$/,
    expect: 'balance',
    lacks: ['tcx', 'open-coded-iterators'],
  },
  {
    name: '6.12',
    architecture: 'amd64',
    distribution: 'Debian 12, security',
    suites: ['bookworm-security'],
    release: /^6\.12\.\d+\+deb12-cloud-amd64$/,
    expect: 'balance',
  },
  {
    name: 'backports',
    architecture: 'amd64',
    distribution: 'Debian 13, backports',
    suites: ['trixie-backports'],
    release: /^\d+\.\d+\.\d+\+deb13-cloud-amd64$/,
    expect: 'balance',
    varies: conntrackWrites,
  },
  {
    name: 'sid',
    architecture: 'amd64',
    distribution: 'Debian sid',
    suites: ['sid'],
    release: /^\d+\.\d+\.\d+\+deb(?:1[4-9]|[2-9]\d)-cloud-amd64$/,
    expect: 'balance',
    varies: conntrackWrites,
  },
  {
    name: 'arm64',
    architecture: 'arm64',
    distribution: 'Debian 12, security',
    suites: ['bookworm-security'],
    release: /^6\.12\.\d+\+deb12-cloud-arm64$/,
    expect: 'balance',
  },
  {
    name: '5.10',
    architecture: 'amd64',
    distribution: 'Debian 11',
    suites: ['bullseye', 'bullseye-security'],
    release: /^5\.10\.0-\d+-cloud-amd64$/,
    expect: 'refuse',
    lacks: ['kfunc-calls', 'tcx', 'bpf-loop', 'open-coded-iterators', 'syscall', 'perf-event-links'],
    optional: true,
  },
]

/** Modules the guest gets, with what they depend on. None is loaded by hand: the kernel has to ask for them. */
export const modules = [
  'nf_conntrack',
  'nf_conntrack_netlink',
  'nf_nat',
  'nf_tables',
  'nfnetlink',
  'nft_chain_nat',
  'nft_compat',
  'nft_counter',
  'nft_ct',
  'nft_masq',
  'nft_nat',
  'nft_objref',
  'nft_redir',
  'veth',
  'sch_ingress',
  'cls_bpf',
  'act_bpf',
  // What libcrc32c looks up by name, not by symbol, so that modules.dep does not know.
  'crc32c_generic',
]

/** Orders releases as numbers: 6.1.0-56 comes after 6.1.0-9. */
export function compareReleases(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}
