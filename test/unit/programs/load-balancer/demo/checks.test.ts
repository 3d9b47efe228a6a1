import { describe, expect, test } from 'vitest'
import type { Flow } from '../../../../../src/programs/load-balancer/control/flows.ts'
import { check } from '../../../../../src/programs/load-balancer/demo/checks.ts'
import type { Observations } from '../../../../../src/programs/load-balancer/demo/observations.ts'
import type { Tally } from '../../../../../src/programs/load-balancer/demo/tally.ts'
import { demoTopology } from '../../../../../src/programs/load-balancer/demo/topology.ts'

const refused = { error: 'ECONNREFUSED' }

function tally(one: number, two: number, three: number, failures: Record<string, number> = {}): Tally {
  return {
    answered: one + two + three,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    backends: { 'backend-1': one, 'backend-2': two, 'backend-3': three },
    failures,
  }
}

function flow(changes: Partial<Flow>): Flow {
  return {
    protocol: 'tcp',
    client: '10.0.0.10:40000',
    vip: '10.0.0.1:80',
    backend: '10.0.1.10:8080',
    source: '10.0.1.1:40000',
    state: 'TIME_WAIT',
    replied: true,
    timeout: 100,
    backendIndex: 1,
    ...changes,
  }
}

const flows = ['10.0.1.10:8080', '10.0.2.10:8080', '10.0.3.10:8080'].map((backend) => flow({ backend }))

const good: Observations = {
  topology: demoTopology(7),
  requests: 60,
  unbalanced: { before: refused, after: refused },
  balanced: tally(20, 25, 15),
  counted: { 'backend-1': 20, 'backend-2': 25, 'backend-3': 15 },
  flows,
  drops: {},
  drained: {
    backend: 'backend-2',
    before: tally(5, 6, 7),
    after: tally(30, 0, 31),
    held: { backend: 'backend-2', answersAfter: 3, troubles: [] },
  },
  pins: [],
  remains: [],
}

describe('the checks of the demo', () => {
  test('all hold when everything went well', () => {
    const checks = check(good)
    expect(checks).toHaveLength(9)
    expect(checks.filter(({ holds, seen }) => !holds || seen !== undefined)).toEqual([])
    expect(checks.map(({ claim }) => claim)).toContain('139 requests sent, 0 failed')
  })

  const { drained } = good
  test.each<[string, Partial<Observations>, string, string]>([
    [
      'somebody answered before `up`',
      { unbalanced: { before: { backend: 'backend-1', port: 1 }, after: refused } },
      'before `up`',
      'an answer from backend-1',
    ],
    ['too few answers', { requests: 61 }, '61 of 61 requests answered', '60 answered'],
    [
      'a backend without requests',
      { balanced: tally(0, 30, 30), counted: { 'backend-1': 0, 'backend-2': 30, 'backend-3': 30 } },
      'some by each of the 3 backends',
      'backend-1 0',
    ],
    [
      'different counts',
      { counted: { 'backend-1': 21, 'backend-2': 25, 'backend-3': 15 } },
      'counted the same',
      'the balancer backend-1 21',
    ],
    ['no flows', { flows: [] }, 'connection table', 'no flow to 10.0.1.10:8080'],
    [
      'a flow of another client',
      { flows: [...flows, flow({ client: '10.0.0.100:1' })] },
      'connection table',
      '10.0.0.100:1',
    ],
    [
      'a flow of another service',
      { flows: [...flows, flow({ vip: '10.0.0.1:81' })] },
      'connection table',
      ':81',
    ],
    [
      'a connection to the drained backend',
      { drained: { ...drained, after: tally(30, 1, 31) } },
      'none went to backend-2',
      'backend-2 1',
    ],
    [
      'nothing sent after the drain',
      { drained: { ...drained, after: tally(0, 0, 0) } },
      'none went to backend-2',
      'backend-3 0',
    ],
    [
      'trouble on the open connection',
      { drained: { ...drained, held: { ...drained.held, troubles: ['ECONNRESET'] } } },
      'went on to work',
      'ECONNRESET',
    ],
    [
      'silence on the open connection',
      { drained: { ...drained, held: { ...drained.held, answersAfter: 0 } } },
      'went on to work',
      '0 answers',
    ],
    [
      'an open connection to nobody',
      { drained: { ...drained, held: { ...drained.held, backend: '' } } },
      'went on to work',
      '3 answers',
    ],
    [
      'a failure while draining',
      { drained: { ...drained, before: tally(5, 6, 7, { ECONNRESET: 2 }) } },
      'requests sent, 0 failed',
      '2 failed: 2 × ECONNRESET',
    ],
    [
      'a failure that the balancer knows the reason of',
      {
        drained: { ...drained, before: tally(5, 6, 7, { ETIMEDOUT: 1 }) },
        drops: { dropTableFull: 3 },
      },
      'requests sent, 0 failed',
      '1 × ETIMEDOUT; the balancer dropped packets: dropTableFull 3',
    ],
    [
      'an answer after `down`',
      { unbalanced: { before: refused, after: { backend: 'backend-3', port: 1 } } },
      'after `down`',
      'an answer from backend-3',
    ],
    ['a pin after `down`', { pins: ['/pin'] }, 'after `down`', '/pin'],
    ['something left', { remains: ['tsbpf-demo-7-client'] }, 'the sandbox is gone', 'tsbpf-demo-7-client'],
  ])('notice %s', (_what, changes, claim, seen) => {
    const broken = check({ ...good, ...changes }).filter(({ holds }) => !holds)
    expect(broken).toHaveLength(1)
    expect(broken[0]?.claim).toContain(claim)
    expect(broken[0]?.seen).toContain(seen)
  })
})
