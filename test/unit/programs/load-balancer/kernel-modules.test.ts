import { expect, it } from 'vitest'
import { SyscallError } from '../../../../src/loader/ffi.ts'
import type { ModuleFiles } from '../../../../src/loader/kernel/modules.ts'
import { NetlinkError } from '../../../../src/loader/netlink/core/errors.ts'
import {
  clsactModules,
  explained,
  netfilterModules,
} from '../../../../src/programs/load-balancer/control/kernel-modules.ts'

const EPERM = 1
const ENOENT = 2
const EINVAL = 22
const EPROTONOSUPPORT = 93

const bare: ModuleFiles = {
  release: '6.1.0-9-amd64',
  distribution: 'ID=debian\n',
  modular: true,
  loaded: new Set(),
  builtIn: new Set(),
  installed: new Set(['nfnetlink', 'nf_conntrack', 'nf_conntrack_netlink', 'nf_nat', 'sch_ingress']),
  otherReleases: [],
}

it.each([
  new NetlinkError('read the nf_tables table tsbpf_lb', EINVAL),
  new NetlinkError('create the nf_tables table tsbpf_lb', ENOENT),
  new SyscallError('socket(AF_NETLINK, netfilter)', EPROTONOSUPPORT),
])('$message: for want of modules', (error) => {
  expect(explained(error, netfilterModules, bare)).toMatchObject({
    code: 'KERNEL_MODULE',
    message:
      'the kernel that runs here (6.1.0-9-amd64) has no modules nf_tables, nft_chain_nat, nft_ct, nft_nat',
    hint: 'Install the kernel’s package anew: apt install --reinstall linux-image-6.1.0-9-amd64; then load them: modprobe -a nf_tables nft_chain_nat nft_ct nft_nat',
    details: error.message,
  })
})

it('a clsact filter for want of its module', () => {
  expect(explained(new NetlinkError('add filter', ENOENT), clsactModules, bare)).toMatchObject({
    message: 'the kernel that runs here (6.1.0-9-amd64) has no module cls_bpf',
  })
})

it.each([
  new NetlinkError('create the nf_tables table tsbpf_lb', EPERM),
  new Error('something else'),
  'no error at all',
])('%s: what it is', (error) => {
  expect(explained(error, netfilterModules, bare)).toBe(error)
})
