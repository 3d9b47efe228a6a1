import { kernelType, member } from '../../asm/dsl/kernel/kernel-type.ts'
import { array } from '../../asm/dsl/map/definition.ts'
import { fentry } from '../../asm/dsl/program/tracing.ts'
import { be16, u64 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

const Sock = kernelType('sock', { destinationPort: member('__sk_common.skc_dport', be16) })

/** Connections by the port they go to. */
export const connects = array('connects', struct('connects', { count: u64 }), { maxEntries: 65_536 })

/** Counts the TCP connections that the machine opens, at the kernel function that sends the first segment. */
export const fentryConnects = fentry(
  'count_connects',
  { function: 'tcp_connect', parameters: { sk: Sock } },
  (b, { sk }) => {
    const port = b.lookup(connects, sk.destinationPort.toHost().toU32(), { otherwise: 0 })
    b.atomicAdd(port, { count: 1 })
    b.return(0)
  },
)
