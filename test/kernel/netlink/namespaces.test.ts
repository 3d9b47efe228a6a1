import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { afterEach, expect } from 'vitest'
import { TsbpfError } from '../../../src/asm/diagnostics/error.ts'
import { NetlinkSocket } from '../../../src/loader/netlink/core/socket.ts'
import { createBridge } from '../../../src/loader/netlink/route/link-changes.ts'
import { findLink, listLinks } from '../../../src/loader/netlink/route/links.ts'
import {
  createAnonymousNamespace,
  createNamespace,
  deleteNamespace,
  listNamespaces,
} from '../../../src/loader/netns/named.ts'
import { inNamespace, namespaceCookie, openNamespace } from '../../../src/loader/netns/namespace.ts'
import { readSysctl, writeSysctl } from '../../../src/loader/netns/sysctl.ts'
import { describe, test } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'

const namespaces = testNamespaces()
const current = () => readlinkSync('/proc/thread-self/ns/net')
const home = current()

afterEach(() => {
  expect(current()).toBe(home)
})

describe('named namespaces', () => {
  test('iproute2 sees them, enters them and can delete them', () => {
    const namespace = namespaces.create('visible')
    const name = namespace.name ?? ''
    expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).toContain(name)
    expect(listNamespaces()).toContain(name)
    const inside = execFileSync('ip', ['netns', 'exec', name, 'readlink', '/proc/self/ns/net'])
    expect(inside.toString().trim()).toBe(inNamespace(namespace, current))
    expect(inNamespace(namespace, current)).not.toBe(home)
  })

  test('one made by iproute2 can be opened and deleted', () => {
    const name = `tsbpf-test-${process.pid}-foreign`
    execFileSync('ip', ['netns', 'add', name])
    try {
      const namespace = openNamespace(name)
      expect(namespaceCookie(namespace)).not.toBe(namespaceCookie())
      namespace.close()
    } finally {
      deleteNamespace(name)
    }
    expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).not.toContain(name)
    expect(existsSync(`/run/netns/${name}`)).toBe(false)
  })

  test('a name that is taken, is missing or cannot be', () => {
    const namespace = namespaces.create('taken')
    const taken = namespace.name ?? ''
    expect(codeOf(() => createNamespace(taken))).toBe('NETNS_EXISTS')
    const still = openNamespace(taken)
    expect(namespaceCookie(still)).toBe(namespaceCookie(namespace))
    still.close()
    expect(codeOf(() => openNamespace('tsbpf-no-such'))).toBe('NETNS_NOT_FOUND')
    expect(codeOf(() => deleteNamespace('tsbpf-no-such'))).toBe('NETNS_NOT_FOUND')
    for (const name of ['', '.', '..', 'a/b', 'a\0b'])
      expect(codeOf(() => openNamespace(name))).toBe('NETNS_NAME')
  })

  test('a file that nothing is mounted on is deleted, too', () => {
    const name = `tsbpf-test-${process.pid}-stale`
    namespaces.create('directory')
    writeFileSync(`/run/netns/${name}`, '')
    deleteNamespace(name)
    expect(existsSync(`/run/netns/${name}`)).toBe(false)
  })

  test('an anonymous one has no name and is not this one', () => {
    const namespace = createAnonymousNamespace()
    try {
      expect(namespace.name).toBeUndefined()
      expect(inNamespace(namespace, current)).not.toBe(home)
    } finally {
      namespace.close()
    }
    expect(() => inNamespace(namespace, current)).toThrow(/after it was closed/)
  })
})

describe('inNamespace', () => {
  test('gives the result, nests, and comes back after an exception', () => {
    const a = namespaces.create('a')
    const b = namespaces.create('b')
    const inA = inNamespace(a, current)
    const seen = inNamespace(a, () => [current(), inNamespace(b, current), current()])
    expect(seen).toEqual([inA, inNamespace(b, current), inA])
    expect(() =>
      inNamespace(a, () => {
        throw new RangeError('mine')
      }),
    ).toThrow(RangeError)
    expect(current()).toBe(home)
  })

  test('refuses asynchronous functions', () => {
    const a = namespaces.create('a')
    let ran = false
    const asynchronous = async () => {
      ran = true
    }
    // @ts-expect-error a promise is not a result
    expect(codeOf(() => inNamespace(a, asynchronous))).toBe('NETNS_ASYNC')
    expect(ran).toBe(false)
    // @ts-expect-error a promise is not a result
    expect(codeOf(() => inNamespace(a, () => Promise.reject(new Error('later'))))).toBe('NETNS_ASYNC')
    expect(current()).toBe(home)
  })

  test('a socket opened inside stays inside', () => {
    const a = namespaces.create('a')
    const socket = inNamespace(a, () => NetlinkSocket.open('route'))
    try {
      createBridge(socket, { name: 'only-here' })
      expect(listLinks(socket).map(({ name }) => name)).toEqual(['lo', 'only-here'])
    } finally {
      socket.close()
    }
    const here = NetlinkSocket.open('route')
    expect(findLink(here, 'only-here')).toBeUndefined()
    here.close()
    expect(() => listLinks(here)).toThrow(/after it was closed/)
  })

  test('child processes started inside are inside', () => {
    const a = namespaces.create('a')
    expect(run(a, 'readlink', '/proc/self/ns/net').trim()).toBe(inNamespace(a, current))
  })

  test('leaks no file descriptor', () => {
    const a = namespaces.create('a')
    const openFds = () => readdirSync('/proc/self/fd').length
    const before = openFds()
    for (let i = 0; i < 50; i++) {
      inNamespace(a, current)
      namespaceCookie(a)
      createAnonymousNamespace().close()
      inNamespace(a, () => NetlinkSocket.open('route')).close()
    }
    expect(openFds()).toBe(before)
  })
})

describe('cookie', () => {
  test('differs between namespaces and stays the same in one', () => {
    const a = namespaces.create('a')
    const b = namespaces.create('b')
    expect(namespaceCookie(a)).toBe(namespaceCookie(a))
    expect(new Set([namespaceCookie(), namespaceCookie(a), namespaceCookie(b)]).size).toBe(3)
    expect(inNamespace(a, () => namespaceCookie())).toBe(namespaceCookie(a))
  })
})

describe('sysctl', () => {
  test('reads and writes the namespace’s own value', () => {
    const a = namespaces.create('a')
    const b = namespaces.create('b')
    const here = readSysctl(undefined, 'net.ipv4.ip_forward')
    writeSysctl(a, 'net.ipv4.ip_forward', 1)
    writeSysctl(b, 'net.ipv4.ip_forward', 0)
    expect(readSysctl(a, 'net.ipv4.ip_forward')).toBe('1')
    expect(readSysctl(b, 'net.ipv4.ip_forward')).toBe('0')
    expect(readSysctl(undefined, 'net.ipv4.ip_forward')).toBe(here)
    expect(run(a, 'cat', '/proc/sys/net/ipv4/ip_forward').trim()).toBe('1')
    expect(run(b, 'cat', '/proc/sys/net/ipv4/ip_forward').trim()).toBe('0')
  })

  test('an interface with a dot in its name', () => {
    const a = namespaces.create('a')
    const socket = namespaces.open(a, 'route')
    createBridge(socket, { name: 'br0.7' })
    writeSysctl(a, 'net.ipv4.conf.br0/7.rp_filter', '2')
    expect(run(a, 'cat', '/proc/sys/net/ipv4/conf/br0.7/rp_filter').trim()).toBe('2')
  })

  test('what is not there, and what is not of the network', () => {
    expect(codeOf(() => readSysctl(undefined, 'net.ipv4.nope'))).toBe('SYSCTL')
    for (const name of ['kernel.pid_max', 'net', 'net..x', 'net.ipv4.//', 'net/../kernel.pid_max'])
      expect(
        codeOf(() => readSysctl(undefined, name)),
        name,
      ).toBe('SYSCTL')
    expect(() => writeSysctl(undefined, 'net.ipv4.ip_forward', 'x')).toThrow(/EINVAL/)
  })
})

test('a namespace file descriptor that is none is refused by the kernel', () => {
  const fd = openSync('/dev/null', 'r')
  const a = namespaces.create('a')
  try {
    const fake = Object.create(a, { fd: { value: fd } })
    expect(() => inNamespace(fake, current)).toThrow(/setns.*EINVAL/)
  } finally {
    closeSync(fd)
  }
})

function codeOf(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    if (error instanceof TsbpfError) return error.code
    throw error
  }
  return 'no error'
}
