import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  renderBackends,
  renderFlows,
  renderServices,
  renderStatus,
  renderUp,
} from '../../../src/cli/render/balancer.ts'
import { indent, plural, table } from '../../../src/cli/render/table.ts'
import type { ServiceStatus, Status } from '../../../src/programs/load-balancer/control/status.ts'
import { describeTranslation } from '../../../src/programs/load-balancer/control/translation.ts'

describe('tables', () => {
  test('text stands left, numbers right, and no line ends in spaces', () => {
    const rows = [
      ['b1', 5, 'yes'],
      ['backend-2', 1234, ''],
    ]
    expect(table(['NAME', 'COUNT', 'OK'], rows)).toBe(
      ['NAME       COUNT  OK', 'b1             5  yes', 'backend-2   1234'].join('\n'),
    )
  })

  test('a table without rows is nothing', () => {
    expect(table(['A', 'B'], [])).toBe('')
  })

  test('every column begins, or ends, at one place', () => {
    const cell = fc.stringMatching(/^[a-z]{1,12}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.nat(), cell), { minLength: 1 }), (rows) => {
        const lines = table(['A', 'B', 'C'], rows).split('\n')
        expect(lines).toHaveLength(rows.length + 1)
        const end = (lines[0] ?? '').indexOf('B') + 1
        rows.forEach(([name, number, last], i) => {
          const line = lines[i + 1] ?? ''
          expect(line.startsWith(name)).toBe(true)
          expect(line.slice(0, end).endsWith(` ${number}`)).toBe(true)
          expect(line.slice(end)).toBe(`  ${last}`)
        })
      }),
    )
  })

  test('counting and indenting', () => {
    expect([0, 1, 2].map((count) => plural(count, 'backend'))).toEqual([
      '0 backends',
      '1 backend',
      '2 backends',
    ])
    expect(indent('a\n\nb')).toBe('  a\n\n  b')
  })
})

const web: ServiceStatus = {
  service: 'tcp/80',
  interface: 'eth0',
  addresses: ['10.1.0.1', '10.1.0.9'],
  scheduler: 'round-robin',
  backends: [
    {
      ...{ backend: '10.2.1.2:8080', state: 'active', weight: 1, snat: '10.2.1.1' },
      ...{ active: 2, connections: 17, packets: 1234, bytes: 56_789 },
    },
    {
      ...{ backend: '10.2.2.2:8080', state: 'draining', weight: 10, snat: null },
      ...{ active: 0, connections: 3, packets: 9, bytes: 540 },
    },
  ],
}
const none = {
  ...{ foreign: 0, reopened: 0, dropTableFull: 0, dropNoBackend: 0, dropClash: 0, dropNatRefused: 0 },
  dropUntranslated: 0,
}
const running: Status = {
  interfaces: [
    {
      ...{ name: 'eth0', ifindex: 2, mode: 'tcx', translation: describeTranslation('accepted') },
      program: { id: 42, name: 'lb_ingress', tag: 'abcd' },
    },
  ],
  services: [web],
  netfilter: 'ok',
  conntrack: { entries: 5, maximum: 65_536 },
  counters: none,
}

describe('the balancer’s state', () => {
  test('services with their backends', () => {
    expect(renderServices([web, { ...web, service: 'tcp/10.0.0.1:443', interface: null }])).toBe(
      `
tcp/80 on eth0 (10.1.0.1, 10.1.0.9), round-robin, 2 backends
  BACKEND        STATE     WEIGHT  ACTIVE  CONNECTIONS  PACKETS  BYTES
  10.2.1.2:8080  active         1       2           17     1234  56789
  10.2.2.2:8080  draining      10       0            3        9    540

tcp/10.0.0.1:443, round-robin, 2 backends
  BACKEND        STATE     WEIGHT  ACTIVE  CONNECTIONS  PACKETS  BYTES
  10.2.1.2:8080  active         1       2           17     1234  56789
  10.2.2.2:8080  draining      10       0            3        9    540`.slice(1),
    )
  })

  test('backends one line each', () => {
    expect(renderBackends([web])).toBe(
      `
SERVICE  BACKEND        STATE     WEIGHT  SNAT      ACTIVE  CONNECTIONS  PACKETS
tcp/80   10.2.1.2:8080  active         1  10.2.1.1       2           17     1234
tcp/80   10.2.2.2:8080  draining      10  -              0            3        9`.slice(1),
    )
    expect(renderBackends([])).toBe('no backends')
  })

  test('status of a balancer that is well', () => {
    const text = renderStatus(running)
    expect(text).toMatch(
      /^INTERFACE +ATTACHED +TRANSLATION +PROGRAM +ID +TAG\neth0 +tcx +kfunc +lb_ingress +42 +abcd\n/,
    )
    expect(text).toContain(
      '\ntranslation: by the program (kfunc): the kernel lets the program write translations\n',
    )
    expect(text).toContain('\nnetfilter table: in place\nconnection table: 5 of 65536 entries in use\n')
    expect(text).toContain('\n\ntcp/80 on eth0')
    expect(text).not.toContain('COUNT')
  })

  test('status says what is wrong', () => {
    const text = renderStatus({
      ...running,
      interfaces: [
        {
          ...{ name: 'eth0', ifindex: 2, mode: 'tcx', program: null },
          translation: describeTranslation('refused'),
        },
        {
          ...{ name: null, ifindex: 7, mode: 'clsact', program: null },
          translation: describeTranslation('markAsked'),
        },
      ],
      services: [],
      netfilter: 'missing',
      counters: { ...none, dropTableFull: 12, foreign: 1 },
    })
    expect(text).toMatch(/^eth0 +tcx +mark +NOT ATTACHED +- +-$/m)
    expect(text).toMatch(/^#7 +clsact +mark +interface is gone +- +-$/m)
    expect(text).toMatch(/^translation: by netfilter \(mark\): .*verifier refuses bpf_ct_set_nat_info$/m)
    expect(text).toMatch(/^translation: by netfilter \(mark\): asked for with --translate mark$/m)
    expect(text).toMatch(/^netfilter table: MISSING: .*run `tsbpf-lb up` again$/m)
    expect(text).toContain('No service. Add one with `tsbpf-lb service add 80 --backend ADDRESS:PORT`.')
    expect(text).toMatch(/^ +12 +dropped: the kernel’s connection table is full$/m)
    expect(text).toMatch(/^ +1 +packets of connections from before the port was balanced, left alone$/m)
    expect(text).not.toContain('no backend takes')
    expect(renderStatus({ ...running, netfilter: 'changed' })).toMatch(/CHANGED by somebody else; run/)
  })

  test('flows', () => {
    const flow = {
      ...{ protocol: 'tcp', client: '10.1.0.2:40000', vip: '10.1.0.1:80', backend: '10.2.1.2:8080' },
      ...{ source: '10.2.1.1:40000', state: 'ESTABLISHED', replied: true, timeout: 86_400, backendIndex: 0 },
    }
    const udp = { ...flow, protocol: 'udp', state: null, replied: false, timeout: null }
    expect(renderFlows([flow, udp, { ...udp, replied: true, timeout: 30 }])).toBe(
      `
PROTO  CLIENT          VIP          BACKEND        SOURCE          STATE        TIMEOUT
tcp    10.1.0.2:40000  10.1.0.1:80  10.2.1.2:8080  10.2.1.1:40000  ESTABLISHED  86400s
udp    10.1.0.2:40000  10.1.0.1:80  10.2.1.2:8080  10.2.1.1:40000  UNREPLIED    -
udp    10.1.0.2:40000  10.1.0.1:80  10.2.1.2:8080  10.2.1.1:40000  REPLIED      30s`.slice(1),
    )
    expect(renderFlows([])).toBe('no connections')
  })

  test('up without a service says how to add one', () => {
    const program = {
      ...{ name: 'lb_ingress', id: 42, tag: 'abcd', instructions: 300, bytes: 2400, maps: 7 },
      verifiedInstructions: 2000,
    }
    const translation = describeTranslation('typesDiffer')
    const result = {
      ...({ interface: 'eth0', ifindex: 2, outcome: 'attached', mode: 'tcx' } as const),
      ...{ program, translation },
    } as const
    const text = renderUp({ ...result, services: [] })
    expect(text).toMatch(/^✓ load balancer up on eth0 \(tcx\): lb_ingress, program 42, tag abcd\n/)
    expect(text).toMatch(/^ {2}translation: by netfilter \(mark\): .* a fault of its build$/m)
    expect(text).toContain('No service yet. Add one:\n  tsbpf-lb service add 80 --backend ADDRESS:PORT')
    expect(text).toContain('end it with `tsbpf-lb down eth0`')
    const again = renderUp({ ...result, outcome: 'replaced', services: [web] })
    expect(again).toMatch(/^✓ program replaced on eth0/)
    expect(again).toContain('tcp/80 on eth0')
  })
})
