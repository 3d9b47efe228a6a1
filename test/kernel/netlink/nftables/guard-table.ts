import { parseIp } from '../../../../src/loader/address/ip.ts'
import { nftPriorities } from '../../../../src/loader/netlink/nftables/constants.ts'
import {
  connectionStateNot,
  countAndDrop,
  destinationIn,
  destinationKey,
  hostNumber,
  inputInterfaceIn,
} from '../../../../src/loader/netlink/nftables/matches.ts'
import type { TableSpec } from '../../../../src/loader/netlink/nftables/specs.ts'
import { TCP, UDP } from './lab.ts'

/** The load balancer's own table: registers the NAT and the conntrack hooks, and drops what was not translated. */
export const guardTable: TableSpec = {
  family: 'inet',
  name: 'tsbpf_lb',
  comment: 'made by tsbpf-lb',
  sets: [
    { name: 'interfaces', key: ['iface_index'], elements: [hostNumber(1)] },
    {
      name: 'frontends',
      key: ['ipv4_addr', 'inet_proto', 'inet_service'],
      comment: 'VIPs',
      elements: [
        destinationKey(parseIp('192.0.2.1'), TCP, 80),
        destinationKey(parseIp('192.0.2.1'), UDP, 53),
      ],
    },
    {
      name: 'frontends6',
      key: ['ipv6_addr', 'inet_proto', 'inet_service'],
      elements: [destinationKey(parseIp('2001:db8::1'), TCP, 443)],
    },
  ],
  chains: [
    { name: 'nat', base: { type: 'nat', hook: 'prerouting', priority: nftPriorities.dstnat } },
    {
      name: 'guard',
      comment: 'after NAT',
      base: { type: 'filter', hook: 'prerouting', priority: nftPriorities.dstnat + 5 },
      rules: [
        {
          expressions: [
            ...inputInterfaceIn('interfaces'),
            ...destinationIn('frontends', 'ipv4'),
            ...connectionStateNot('established', 'related'),
            ...countAndDrop,
          ],
          comment: 'not translated',
        },
        {
          expressions: [
            ...inputInterfaceIn('interfaces'),
            ...destinationIn('frontends6', 'ipv6'),
            ...connectionStateNot('established', 'related'),
            ...countAndDrop,
          ],
        },
      ],
    },
  ],
}
