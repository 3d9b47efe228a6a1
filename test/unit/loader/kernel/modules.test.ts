import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { conntrackFunctionAdvice } from '../../../../src/loader/kernel/conntrack-kfuncs.ts'
import { probeFeatures } from '../../../../src/loader/kernel/features.ts'
import { moduleAdvice } from '../../../../src/loader/kernel/module-advice.ts'
import {
  type ModuleFiles,
  missingModules,
  moduleState,
  readModuleFiles,
} from '../../../../src/loader/kernel/modules.ts'
import { FakeKernel } from '../bpf/fake-kernel.ts'
import { conntrackTypes } from './conntrack-types.ts'

const release = '6.1.0-9-amd64'

/** A machine by its files. */
function machine(files: Readonly<Record<string, string>>, running = release): ModuleFiles {
  const root = mkdtempSync(join(tmpdir(), 'tsbpf-lb-machine-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return readModuleFiles(root, running)
}

const modular = { 'proc/modules': '', 'sys/module/veth/refcnt': '0\n' }
const dependencies = `lib/modules/${release}/modules.dep`
const some = {
  ...modular,
  [dependencies]:
    'kernel/net/netfilter/nf_conntrack.ko.xz: kernel/lib/libcrc32c.ko.xz\nkernel/net/netfilter/nf-nat.ko: \n',
  [`lib/modules/${release}/modules.builtin`]: 'kernel/net/netfilter/nfnetlink.ko\n',
}

describe('a module', () => {
  it.each([
    ['veth', 'there'],
    ['nfnetlink', 'there'],
    ['nf_conntrack', 'installed'],
    ['nf_nat', 'installed'],
    ['libcrc32c', 'absent'],
    ['nf_tables', 'absent'],
  ])('%s is %s', (name, state) => {
    expect(moduleState(name, machine(some))).toBe(state)
  })

  it('is unknown to a kernel without modules', () => {
    expect(moduleState('nf_nat', machine({}))).toBe('unknown')
    expect(missingModules(['nf_nat'], new Error('refused'), machine({}))).toBeUndefined()
  })
})

describe('what is missing', () => {
  const refused = new Error('create the nf_tables table tsbpf_lb: EINVAL: Invalid argument')

  it('is named, with what the kernel said and what to install', () => {
    const files = machine({ ...some, 'etc/os-release': 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n' })
    const error = missingModules(['nf_conntrack', 'nf_tables', 'nft_ct'], refused, files)
    expect(error).toMatchObject({
      code: 'KERNEL_MODULE',
      message: 'the kernel that runs here (6.1.0-9-amd64) has no modules nf_tables, nft_ct',
      hint: 'Install the rest of the kernel’s modules: apt install linux-modules-extra-6.1.0-9-amd64; then load them: modprobe -a nf_tables nft_ct',
      details: refused.message,
      cause: refused,
    })
  })

  it('is named where the kernel loads nothing by itself', () => {
    expect(missingModules(['nfnetlink', 'nf_nat'], refused, machine(some))).toMatchObject({
      message: 'the kernel did not load its module nf_nat',
      hint: 'Load what is installed: modprobe -a nf_nat',
    })
  })

  it('is something else where it has loaded another one', () => {
    expect(missingModules(['veth', 'nf_nat'], refused, machine(some))).toBeUndefined()
  })
})

describe('advice', () => {
  const advice = (distribution: string, running: string) =>
    moduleAdvice(
      ['nf_tables'],
      machine(
        { ...modular, [`lib/modules/${running}/modules.dep`]: '', 'usr/lib/os-release': distribution },
        running,
      ),
    )

  it.each([
    [
      'ID=debian',
      '6.12.117+deb12-cloud-amd64',
      'Install the kernel’s package anew: apt install --reinstall linux-image-6.12.117+deb12-cloud-amd64; then load them: modprobe -a nf_tables',
    ],
    [
      'ID=debian',
      '7.2.13+deb14-cloud-arm64',
      'Install the kernel’s package anew: apt install --reinstall linux-modules-7.2.13+deb14-cloud-arm64; then load them: modprobe -a nf_tables',
    ],
    [
      'ID=linuxmint\nID_LIKE="ubuntu debian"',
      '6.8.0-41-generic',
      'Install the rest of the kernel’s modules: apt install linux-modules-extra-6.8.0-41-generic; then load them: modprobe -a nf_tables',
    ],
    [
      'ID=fedora',
      '6.8.5-301.fc40.x86_64',
      'Install the kernel’s packages of modules: dnf install kernel-modules-core-6.8.5-301.fc40.x86_64 kernel-modules-6.8.5-301.fc40.x86_64 kernel-modules-extra-6.8.5-301.fc40.x86_64; then load them: modprobe -a nf_tables',
    ],
    [
      'ID="rocky"\nID_LIKE="rhel centos fedora"',
      '6.12.0-55.el10.x86_64',
      'Install the kernel’s packages of modules: dnf install kernel-modules-core-6.12.0-55.el10.x86_64 kernel-modules-6.12.0-55.el10.x86_64 kernel-modules-extra-6.12.0-55.el10.x86_64; then load them: modprobe -a nf_tables',
    ],
    [
      'ID="ol"\nID_LIKE="fedora"',
      '6.12.0-1.el9uek.x86_64',
      'Install the kernel’s packages of modules: dnf install kernel-uek-modules-6.12.0-1.el9uek.x86_64 kernel-uek-modules-extra-netfilter-6.12.0-1.el9uek.x86_64; then load them: modprobe -a nf_tables',
    ],
    [
      'ID="opensuse-leap"\nID_LIKE="suse opensuse"',
      '6.4.0-150600.21-default',
      'Install the kernel with all modules, instead of kernel-default-base: zypper install kernel-default; then reboot',
    ],
    ['ID=alpine', '6.12.13-0-virt', 'Install the kernel’s package: apk add linux-virt; then reboot'],
    ['ID=arch', '6.13.1-arch1-1', 'Install the kernel’s package: pacman -S linux; then reboot'],
    ['ID=arch', '6.12.13-1-lts', 'Install the kernel’s package: pacman -S linux-lts; then reboot'],
    ['ID=constructor', '6.6.1', 'Install all modules of this kernel, then load them: modprobe -a nf_tables'],
    ['', '6.6.1', 'Install all modules of this kernel, then load them: modprobe -a nf_tables'],
  ])('for %j, %s', (distribution, running, expected) => {
    expect(advice(distribution, running)).toBe(expected)
  })

  it('after an update that took the running kernel’s modules away', () => {
    const files = machine({
      ...modular,
      'lib/modules/6.13.2-arch1-1/modules.dep': '',
      'etc/os-release': 'ID=arch\n',
    })
    expect(moduleAdvice(['nf_nat'], files)).toBe(
      'This machine has the modules of another kernel, 6.13.2-arch1-1: it was updated, and has to be rebooted.',
    )
  })

  it('in a container', () => {
    const files = machine({ ...modular, 'etc/os-release': 'ID=alpine\n' }, '6.1.0-9-amd64')
    expect(moduleAdvice(['nf_nat'], { ...files, distribution: '' })).toBe(
      'Install all modules of this kernel (of a container: on its host), then load them: modprobe -a nf_nat',
    )
  })

  it('where functions of the connection tracker are not found', () => {
    expect(conntrackFunctionAdvice(machine(some))).toBe(
      'Load what is installed: modprobe -a nf_conntrack nf_nat',
    )
    expect(conntrackFunctionAdvice(machine({}))).toMatch(
      /^The kernel has to be built with CONFIG_NF_CONNTRACK, /,
    )
  })
})

describe('features of modules', () => {
  const bpf = new FakeKernel({ BPF_PROG_LOAD: () => -1, BPF_PROG_QUERY: () => -1, BPF_BTF_LOAD: () => -1 })
  const kernel = { ...conntrackTypes({ own: false }), moduleNames: () => [] }
  const report = (modules: ModuleFiles) =>
    probeFeatures({ bpf, kernel, modules: () => modules }).find(({ id }) => id === 'bpf_ct_set_nat_info')

  it('are unknown while these are not loaded', () => {
    expect(report(machine(some))).toMatchObject({ supported: undefined, unknown: 'module nf_nat not loaded' })
    expect(report(machine(modular))).toMatchObject({
      supported: undefined,
      unknown: 'module nf_nat not loaded',
    })
  })

  it('are missing where these are not installed, with what to do', () => {
    expect(report(machine({ ...modular, [dependencies]: '' }))).toMatchObject({
      supported: false,
      unknown: undefined,
      otherwise: 'Install all modules of this kernel, then load them: modprobe -a nf_nat',
    })
  })
})
