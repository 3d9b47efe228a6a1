import { expect } from 'vitest'
import type { HelperEntry } from '../../../src/asm/dsl/helper/table/entry.ts'
import { helperTable } from '../../../src/asm/dsl/helper/table/helper-table.ts'
import type { HelperProgram } from '../../../src/asm/dsl/helper/table/program-sets.ts'
import type { HelperName } from '../../../src/asm/text/helper-names.ts'
import { type HelperProbeTarget, probeHelper } from '../../../src/loader/kernel/helper-probe.ts'
import { describe, test, testUnless } from '../support/kernel-test.ts'

/** How the program types are loaded; `enum bpf_prog_type`, `enum bpf_attach_type` (include/uapi/linux/bpf.h). */
const targets: Readonly<Partial<Record<HelperProgram, readonly HelperProbeTarget[]>>> = {
  socket_filter: [{ type: 1 }],
  kprobe: [{ type: 2 }],
  sched_cls: [{ type: 3 }],
  sched_act: [{ type: 4 }],
  tracepoint: [{ type: 5 }],
  xdp: [{ type: 6 }],
  perf_event: [{ type: 7 }],
  cgroup_skb: [{ type: 8 }],
  cgroup_sock: [{ type: 9, expectedAttachType: 2 }],
  lwt_in: [{ type: 10 }],
  lwt_out: [{ type: 11 }],
  lwt_xmit: [{ type: 12 }],
  sock_ops: [{ type: 13, expectedAttachType: 3 }],
  sk_skb: [{ type: 14 }],
  cgroup_device: [{ type: 15, expectedAttachType: 6 }],
  sk_msg: [{ type: 16, expectedAttachType: 7 }],
  raw_tracepoint: [{ type: 17 }],
  // What is available goes by the attach point: bind, connect, recvmsg.
  cgroup_sock_addr: [8, 10, 19].map((expectedAttachType) => ({ type: 18, expectedAttachType })),
  lwt_seg6local: [{ type: 19 }],
  flow_dissector: [{ type: 22, expectedAttachType: 17 }],
  cgroup_sysctl: [{ type: 23, expectedAttachType: 18 }],
  raw_tracepoint_writable: [{ type: 24 }],
  cgroup_sockopt: [21, 22].map((expectedAttachType) => ({ type: 25, expectedAttachType })),
  sk_lookup: [{ type: 30, expectedAttachType: 36 }],
  // BPF_F_SLEEPABLE: without it, no program of this type.
  syscall: [{ type: 31, flags: 16 }],
  netfilter: [{ type: 32, expectedAttachType: 45 }],
}

/** Not in every kernel: CONFIG_BPF_KPROBE_OVERRIDE, kernel lockdown. */
const optional: ReadonlySet<string> = new Set(['override_return', 'probe_write_user'])

const table = Object.entries(helperTable) as [HelperName, HelperEntry][]

describe('the helper table says what this kernel says', () => {
  for (const [type, ways] of Object.entries(targets)) {
    const missing = (): string | undefined =>
      ways.every((way) => probeHelper('map_lookup_elem', way) === undefined) ? 'has none' : undefined
    testUnless(missing, `of programs of type ${type}`, () => {
      const differences = table.flatMap(([name, { programs }]) => {
        const listed = (programs as readonly string[]).includes(type)
        const here = ways.some((way) => probeHelper(name, way) === 'yes')
        if (listed === here || (listed && optional.has(name))) return []
        return [`${name}: ${listed ? 'in the table, not in the kernel' : 'in the kernel, not in the table'}`]
      })
      expect(differences).toEqual([])
    })
  }

  test('of which ask for a GPL-compatible license', () => {
    const differences = table.flatMap(([name, { gpl, programs }]) => {
      const ways = programs.flatMap((type) => targets[type] ?? [])
      const answers = ways.map((way) => probeHelper(name, { ...way, license: 'Proprietary' }))
      const known = answers.filter((answer) => answer === 'yes' || answer === 'gpl')
      return known.length === 0 || known.includes('gpl') === gpl ? [] : [name]
    })
    expect(differences).toEqual([])
  })
})
