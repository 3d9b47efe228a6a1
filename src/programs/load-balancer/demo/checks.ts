import type { Flow } from '../control/flows.ts'
import type { Outcome } from './messages.ts'
import type { Observations } from './observations.ts'
import type { Tally } from './tally.ts'
import { type DemoTopology, endpointOf } from './topology.ts'

/** Something the demo claims, and whether it held. */
export interface Check {
  readonly holds: boolean
  /** The claim, as a sentence without its full stop. */
  readonly claim: string
  /** What was seen instead; only where it does not hold. */
  readonly seen?: string
}

/** Judges what the demo has seen. */
export function check(observations: Observations): Check[] {
  const { topology, requests, balanced, drained, unbalanced } = observations
  const { before, after, held, backend } = drained
  const { address, port } = topology.balancer
  const everyone = Object.entries(balanced.backends)
  const failed = [balanced, before, after].reduce((sum, tally) => sum + tally.failed, 0)
  const sent = failed + [balanced, before, after].reduce((sum, tally) => sum + tally.answered, 0)
  return [
    claim(
      unbalanced.before.error === 'ECONNREFUSED',
      `before \`up\`, nobody answers on ${address}:${port}`,
      () => describe(unbalanced.before),
    ),
    claim(
      balanced.answered === requests && everyone.every(([, count]) => count > 0),
      `${requests} of ${requests} requests answered, some by each of the ${everyone.length} backends`,
      () => `${balanced.answered} answered: ${counts(balanced.backends)}`,
    ),
    claim(
      everyone.every(([name, count]) => observations.counted[name] === count),
      'the balancer counted the same connections per backend as the client',
      () => `the client ${counts(balanced.backends)}; the balancer ${counts(observations.counted)}`,
    ),
    flowsAreOurs(topology, observations.flows),
    claim(
      after.backends[backend] === 0 && after.answered >= requests,
      `of ${after.answered} connections opened after the drain, none went to ${backend}`,
      () => `after the drain: ${counts(after.backends)}`,
    ),
    claim(
      held.backend === backend && held.answersAfter > 0 && held.troubles.length === 0,
      `the connection to ${backend} from before the drain went on to work`,
      () => [`${held.answersAfter} answers`, ...held.troubles].join(', '),
    ),
    claim(failed === 0, `${sent} requests sent, 0 failed`, () =>
      [`${failed} failed: ${reasons(balanced, before, after)}`, ...dropped(observations.drops)].join('; '),
    ),
    claim(
      unbalanced.after.error === 'ECONNREFUSED' && observations.pins.length === 0,
      `after \`down\`, nobody answers on ${address}:${port}, and no pin is left`,
      () => [describe(unbalanced.after), ...observations.pins].join(', '),
    ),
    claim(observations.remains.length === 0, 'the sandbox is gone', () => observations.remains.join(', ')),
  ]
}

function flowsAreOurs({ client, balancer, backends }: DemoTopology, flows: readonly Flow[]): Check {
  const vip = `${balancer.address}:${balancer.port}`
  const places = backends.map(endpointOf)
  const strange = flows.filter(
    (flow) =>
      !flow.client.startsWith(`${client.address}:`) || flow.vip !== vip || !places.includes(flow.backend),
  )
  const missing = places.filter((place) => !flows.some(({ backend }) => backend === place))
  return claim(
    strange.length === 0 && missing.length === 0,
    'the kernel’s connection table shows client, service and backend of each',
    () =>
      [
        ...missing.map((place) => `no flow to ${place}`),
        ...strange.slice(0, 3).map((flow) => `${flow.client} → ${flow.vip} → ${flow.backend}`),
      ].join(', '),
  )
}

function claim(holds: boolean, text: string, seen: () => string): Check {
  return holds ? { holds, claim: text } : { holds, claim: text, seen: seen() }
}

function describe(outcome: Outcome): string {
  return outcome.error ?? `an answer from ${outcome.backend}`
}

function dropped(drops: Readonly<Record<string, number>>): string[] {
  return Object.keys(drops).length === 0 ? [] : [`the balancer dropped packets: ${counts(drops)}`]
}

function counts(named: Readonly<Record<string, number>>): string {
  return Object.entries(named)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

function reasons(...tallies: readonly Tally[]): string {
  const all = tallies.flatMap(({ failures }) => Object.entries(failures))
  const names = [...new Set(all.map(([reason]) => reason))]
  return names
    .map((name) => {
      const times = all.filter(([reason]) => reason === name).reduce((sum, [, count]) => sum + count, 0)
      return `${times} × ${name}`
    })
    .join(', ')
}
