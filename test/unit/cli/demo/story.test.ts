import { describe, expect, test } from 'vitest'
import { DemoStory } from '../../../../src/cli/render/demo-story.ts'
import type { DemoEvent } from '../../../../src/programs/load-balancer/demo/events.ts'
import type { Tally } from '../../../../src/programs/load-balancer/demo/tally.ts'
import { demoTopology } from '../../../../src/programs/load-balancer/demo/topology.ts'

function tell(...events: DemoEvent[]): string {
  let text = ''
  const output = {
    write: (part: string) => {
      text += part
    },
    columns: undefined,
  }
  const story = new DemoStory(output, (_style, words) => words)
  story.begin(300)
  for (const event of events) story.tell(event)
  return text
}

function tally(one: number, two: number, failures: Record<string, number> = {}): Tally {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0)
  return { answered: one + two, failed, backends: { 'backend-1': one, 'backend-2': two }, failures }
}

describe('the story', () => {
  test('wraps a long command between its options', () => {
    const command = [
      'up',
      'eth0',
      '--service',
      '80',
      '--backend',
      '10.0.1.10:8080',
      '--backend',
      '10.0.2.10:8080',
    ]
    const program = {
      name: 'lb_ingress',
      id: 5,
      tag: 'ab',
      instructions: 1234,
      bytes: 9872,
      maps: 7,
      verifiedInstructions: 2050,
    }
    const translation = { way: 'kfunc', why: '' } as const
    const result = {
      ...({ interface: 'eth0', ifindex: 2, outcome: 'attached', mode: 'tcx' } as const),
      ...{ program, translation },
    } as const
    const text = tell({ kind: 'up', command, result, duration: 456 })
    expect(text).toContain(
      '   $ tsbpf-lb up eth0 --service 80 --backend 10.0.1.10:8080 \\\n       --backend 10.0.2.10:8080\n',
    )
    expect(text).toContain('1,234 instructions, 9,872 bytes')
    expect(text).toContain('It took 0.5 s.')
  })

  test('shows each backend’s share, a drained one’s, too', () => {
    const held = { backend: 'backend-1', answersAfter: 1, troubles: [] }
    const text = tell({
      kind: 'drained',
      backend: 'backend-1',
      before: tally(1, 1),
      after: tally(0, 300),
      held,
    })
    expect(text).toMatch(/backend-1 {2} +0 +0%\n/)
    expect(text).toMatch(/backend-2 {2}█{30} {2}300 {2}100%\n/)
    expect(text).toContain('1 answer since')
  })

  test('does not hide what went wrong', () => {
    const held = { backend: 'backend-1', answersAfter: 0, troubles: ['ECONNRESET'] }
    const text = tell(
      { kind: 'sandbox', topology: demoTopology(1), refusal: undefined },
      { kind: 'balanced', tally: tally(0, 3, { ETIMEDOUT: 4 }), duration: 1 },
      { kind: 'drained', backend: 'backend-1', before: tally(1, 1, { EPIPE: 2 }), after: tally(0, 0), held },
      { kind: 'down', command: ['down'], refusal: undefined, pins: ['/pin'] },
      { kind: 'removed', remains: ['tsbpf-demo-1-client'] },
      { kind: 'end', checks: [{ holds: false, claim: 'all is well', seen: 'not at all' }], duration: 1 },
    )
    expect(text).toContain('on http://10.0.0.1:80/ somebody answers')
    expect(text).toContain('4 × ETIMEDOUT')
    expect(text).toContain('2 × EPIPE')
    expect(text).toContain('had trouble: ECONNRESET')
    expect(text).toContain('It has left: /pin')
    expect(text).toContain('Could not remove: tsbpf-demo-1-client')
    expect(text).toMatch(/✗ all is well\n +but: not at all\n/)
    expect(text).toContain('1 claim did not hold.')
    expect(text).not.toContain('npx')
  })
})
