import { array } from '../../asm/dsl/map/definition.ts'
import { CGROUP_ALLOW, cgroupSkb } from '../../asm/dsl/program/cgroup-skb.ts'
import { u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** What the processes of the cgroup have sent. */
export const sent = array('sent', struct('sent', { packets: u64, bytes: u64 }), { maxEntries: 1 })

/** Counts what the processes of a cgroup send, from the network header on. */
export const cgroupEgressBytes = cgroupSkb('egress_bytes', 'egress', (b, skb) => {
  const total = b.lookup(sent, 0, { otherwise: CGROUP_ALLOW })
  b.atomicAdd(total, { packets: 1, bytes: skb.len })
  b.return(CGROUP_ALLOW)
})
