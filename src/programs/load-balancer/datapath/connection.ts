import type { ProgramBuilder } from '../../../asm/dsl/builder.ts'
import type { Int } from '../../../asm/dsl/core/values.ts'
import type { KernelRef } from '../../../asm/dsl/kernel/kernel-type.ts'
import type { Located } from '../../../asm/dsl/memory/location.ts'
import type { RefOf } from '../../../asm/dsl/memory/reference.ts'
import { type SkbContext, TCX_NEXT } from '../../../asm/dsl/program/context.ts'
import { count, countTraffic, drop } from './account.ts'
import * as conntrack from './conntrack.ts'
import { backends } from './maps.ts'
import { markBackendMask, markPrefix, markPrefixMask } from './mark.ts'
import type { Flow } from './parse.ts'
import { chooseBackend } from './schedule.ts'

type Connection = KernelRef<typeof conntrack.Connection>
type NewConnection = KernelRef<typeof conntrack.NewConnection>

/** What a call to look a flow up or to make an entry for it needs. */
export interface Tuple {
  readonly tuple: Located
  readonly options: Located
}

/** An entry with less left to live than this many clock ticks (25–250 ms) could be gone before netfilter sees it. */
const nearlyExpired = 25
/** Milliseconds; enough to reach netfilter, which then sets the timeout by protocol and state. */
const graceTime = 1000
/** Milliseconds that a new entry lives at first. Netfilter sets its own timeout when the packet gets there. */
const initialTimeout = 30_000

/** Puts the flow where the conntrack kfuncs want it. */
export function tupleOf(b: ProgramBuilder, flow: Flow): Tuple {
  const { source, destination, sourcePort, destinationPort, protocol } = flow
  return {
    tuple: b.stack(conntrack.Ipv4Tuple, { source, destination, sourcePort, destinationPort }),
    options: b.stack(conntrack.LookupOptions, { netnsId: -1, protocol }),
  }
}

/**
 * A packet of a connection that is in the table: hands it up to netfilter, which translates it. Falls through, the
 * entry released and on its way out, when the packet begins a new connection in the place of a finished one.
 */
export function passKnown(b: ProgramBuilder, skb: SkbContext, flow: Flow, ct: Connection): void {
  const { mark } = ct
  b.if(
    mark.and(markPrefixMask).eq(markPrefix),
    () => {
      const finished = ct.tcpState.ge(conntrack.TCP_CONNTRACK_TIME_WAIT)
      b.if(
        flow.opensConnection().and(finished),
        () => count(b, 'reopened'),
        () => {
          const left = ct.timeout.sub(b.jiffies().toU32()).toS32()
          b.if(left.lt(nearlyExpired), () => {
            b.kfunc(conntrack.changeTimeout, [ct, graceTime])
          })
          b.kfunc(conntrack.release, [ct])
          countTraffic(b, skb, mark.and(markBackendMask), 0)
          b.return(TCX_NEXT)
        },
      )
    },
    () => {
      const established = ct.status.has(conntrack.IPS_SEEN_REPLY)
      b.if(established.and(flow.opensConnection().not()), () => {
        b.kfunc(conntrack.release, [ct])
        count(b, 'foreign')
        b.return(TCX_NEXT)
      })
    },
  )
  b.kfunc(conntrack.changeTimeout, [ct, 0])
  b.kfunc(conntrack.release, [ct])
}

/**
 * The first packet of a connection: chooses a backend and puts the entry with its translation into the table. Falls
 * through when another CPU was faster, or the chosen source port was taken.
 */
export function open(
  b: ProgramBuilder,
  skb: SkbContext,
  { tuple, options }: Tuple,
  service: Int<'u32'>,
): void {
  const index = chooseBackend(b, service)
  const backend = b.lookup(backends, index, { otherwise: () => drop(b, 'dropNoBackend') })
  b.acquire(
    conntrack.allocate,
    [skb, tuple, conntrack.Ipv4Tuple.size, options, conntrack.LookupOptions.size],
    {
      none: () => drop(b, 'dropTableFull'),
      some: (ct) => {
        const refused = translate(b, ct, backend)
        b.assign(ct, { mark: index.or(markPrefix) })
        b.acquire(conntrack.insert, [ct], {
          some: (entry) => {
            b.if(refused.ne(0), () => {
              b.kfunc(conntrack.changeTimeout, [entry, 0])
              b.kfunc(conntrack.release, [entry])
              drop(b, 'dropNatRefused')
            })
            // Only now: Linux 6.1.0 to 6.1.55 take a timeout set before for a point in time long ago.
            b.kfunc(conntrack.changeTimeout, [entry, initialTimeout])
            b.kfunc(conntrack.release, [entry])
            countTraffic(b, skb, index, 1)
            b.return(TCX_NEXT)
          },
        })
      },
    },
  )
}

/** Sets where the connection goes, and unless the client's address is to stay, where it seems to come from. */
function translate(b: ProgramBuilder, ct: NewConnection, backend: RefOf<typeof backends.value>): Int<'s32'> {
  const { destination, source } = conntrack.manipulate
  const result = b.variable(conntrack.setNatInfo.result, 0)
  result.set(b.kfunc(conntrack.setNatInfo, [ct, backend.address, backend.port.toHost(), destination]))
  b.if(backend.snatAddress.at(0).ne(0), () => {
    // Port 0: the client's source port if it is free, else one the kernel finds.
    const refused = b.kfunc(conntrack.setNatInfo, [ct, backend.snatAddress, 0, source])
    result.set(result.get().or(refused))
  })
  return result.get()
}
