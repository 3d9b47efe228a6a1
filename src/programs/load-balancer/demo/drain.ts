import type { DemoClient } from './client.ts'
import type { CommandLine } from './command-line.ts'
import type { DemoReporter } from './events.ts'
import { HeldRequests } from './held-requests.ts'
import type { Outcome } from './messages.ts'
import type { DrainResult } from './observations.ts'
import { Counter, sentIn } from './tally.ts'
import { type DemoTopology, endpointOf } from './topology.ts'
import { traffic } from './traffic.ts'

/** What draining a backend takes. */
export interface DrainOptions {
  readonly client: DemoClient
  readonly commandLine: CommandLine
  readonly topology: DemoTopology
  readonly url: string
  /** Requests to be sent after the drain. */
  readonly requests: number
  readonly report: DemoReporter
}

/** The held connection is used once for so many requests over new ones. */
const heldEvery = 10

/**
 * Drains a backend while requests keep coming: the one that a connection happens to have gone to, which is held open
 * and used all the while.
 */
export async function drainUnderTraffic(options: DrainOptions): Promise<DrainResult> {
  const { client, commandLine, topology, url, requests, report } = options
  const names = topology.backends.map(({ name }) => name)
  const held = await HeldRequests.open(client, url)
  const backend = topology.backends.find(({ name }) => name === held.backend) ?? topology.backends[0]
  if (backend === undefined) throw new Error('the demo has no backend')
  report({ kind: 'held', backend: backend.name })

  const before = new Counter(names)
  const after = new Counter(names)
  const warm = Math.ceil(requests / 4)
  const warmedUp = new Signal()
  const onAnswer = (outcome: Outcome, epoch: number): void => {
    const counter = epoch === 0 ? before : after
    counter.add(outcome)
    const [sentBefore, sentAfter] = [sentIn(before.tally), sentIn(after.tally)]
    if (sentBefore >= warm) warmedUp.fire()
    if (sentAfter >= requests) client.stop()
    if ((sentBefore + sentAfter) % heldEvery === 0) held.ask()
    report({
      kind: 'progress',
      stage: 'drain',
      done: Math.min(sentBefore, warm) + Math.min(sentAfter, requests),
      total: warm + requests,
      sent: sentBefore + sentAfter,
      failed: before.tally.failed + after.tally.failed,
    })
  }
  const streaming = client.stream({ url, ...traffic(requests) }, onAnswer)
  // When the command below fails, nobody waits for the requests any more.
  streaming.catch(() => {})

  // A stream in which everything fails ends by itself.
  await Promise.race([warmedUp.fired, streaming])
  const command = ['backend', 'drain', String(topology.balancer.port), endpointOf(backend)]
  report({ kind: 'draining', command, backend: backend.name })
  await commandLine.run(command)
  client.nextEpoch()
  held.drained()
  await streaming
  return {
    backend: backend.name,
    before: before.tally,
    after: after.tally,
    held: await held.finish(),
  }
}

/** Something that happens once and can be waited for. */
class Signal {
  readonly fired: Promise<void>
  #resolve: () => void = () => {}

  constructor() {
    this.fired = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  fire(): void {
    this.#resolve()
  }
}
