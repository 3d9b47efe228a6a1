import { getSystemErrorMap } from 'node:util'
import { TsbpfError } from '../../../asm/diagnostics/error.ts'
import { errnoName } from '../../errno.ts'

/** What the kernel says beyond the error number (NETLINK_EXT_ACK; `enum nlmsgerr_attrs`, linux/netlink.h). */
export interface ExtendedAck {
  /** NLMSGERR_ATTR_MSG: the reason in the kernel's words; empty when it gave none. */
  readonly message: string
  /** NLMSGERR_ATTR_OFFS: where the offending attribute starts, in bytes from the start of the request's header. */
  readonly attributeOffset?: number
  /** The type of that attribute, read from the request at `attributeOffset`. */
  readonly attributeType?: number
  /** NLMSGERR_ATTR_MISS_TYPE: the type of a required attribute that was not there. */
  readonly missingAttribute?: number
}

const hints: Readonly<Record<string, string>> = {
  EPERM: 'Changing the network configuration needs CAP_NET_ADMIN in the network namespace: run as root.',
  EACCES: 'Changing the network configuration needs CAP_NET_ADMIN in the network namespace: run as root.',
  ENODEV: 'There is no such interface in this network namespace; `ip link` lists those there are.',
  EOPNOTSUPP: 'The kernel does not know this kind of object: a module or a kernel option may be missing.',
  ENOBUFS: 'The socket received more than it could hold and messages were lost: read it more often.',
  ENETUNREACH: 'There is no route to that address; `ip route` lists the routes.',
}

/** A netlink request the kernel refused, or whose answer did not arrive. */
export class NetlinkError extends TsbpfError {
  /** The error number, positive, such as 17. */
  readonly errno: number
  /** Its name, such as `EEXIST`. */
  readonly errnoName: string
  /** What was attempted, such as `create veth lb0`. */
  readonly attempted: string
  /** What the kernel said about it. */
  readonly extendedAck: ExtendedAck

  constructor(attempted: string, errno: number, extendedAck: ExtendedAck = { message: '' }) {
    const name = errnoName(errno)
    const reason = extendedAck.message || (getSystemErrorMap().get(-errno)?.[1] ?? 'no reason given')
    super('NETLINK', `${attempted}: ${name}: ${reason}`, {
      hint: hints[name] ?? '',
      details: attributeDetails(extendedAck),
    })
    this.errno = errno
    this.errnoName = name
    this.attempted = attempted
    this.extendedAck = extendedAck
  }
}

/** Bytes from the kernel (or a test) that are not well-formed netlink. */
export class NetlinkDecodeError extends TsbpfError {
  constructor(message: string) {
    super('NETLINK_MALFORMED', message)
  }
}

function attributeDetails(ack: ExtendedAck): string {
  const lines: string[] = []
  if (ack.attributeOffset !== undefined) {
    const type = ack.attributeType === undefined ? '' : ` (type ${ack.attributeType})`
    lines.push(`the kernel objects to the attribute at byte ${ack.attributeOffset} of the request${type}`)
  }
  if (ack.missingAttribute !== undefined)
    lines.push(`the kernel misses an attribute of type ${ack.missingAttribute}`)
  return lines.join('\n')
}
