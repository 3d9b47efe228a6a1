import { hash } from '../../asm/dsl/map/definition.ts'
import { CGROUP_ALLOW } from '../../asm/dsl/program/cgroup-skb.ts'
import { cgroupSockAddr } from '../../asm/dsl/program/cgroup-sock-addr.ts'
import { be16, be32, u16 } from '../../asm/layout/scalar.ts'
import { struct } from '../../asm/layout/struct.ts'

/** An IPv4 address and a port. */
const Place = struct('place', { address: be32, port: be16, reserved: u16 })

/** Where connections go instead. */
export const redirects = hash('redirects', Place, Place, { maxEntries: 1024 })

/** Sends the connections of a cgroup's processes elsewhere; packets need no translation. */
export const connect4Redirect = cgroupSockAddr('connect4_redir', 'connect4', (b, ctx) => {
  const place = b.lookup(redirects, { address: ctx.userIp4, port: ctx.userPort }, { otherwise: CGROUP_ALLOW })
  b.assign(ctx, { userIp4: place.address, userPort: place.port })
  b.return(CGROUP_ALLOW)
})
