import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Flow } from '../control/flows.ts'
import { checkPrivileges } from '../control/privileges.ts'
import { InterruptedError } from '../control/rollback.ts'
import type { Status } from '../control/status.ts'
import type { UpResult } from '../control/up.ts'
import { type Check, check } from './checks.ts'
import { DemoClient } from './client.ts'
import { CommandLine } from './command-line.ts'
import { drainUnderTraffic } from './drain.ts'
import type { DemoReporter } from './events.ts'
import type { Observations } from './observations.ts'
import { Processes } from './processes.ts'
import { removeAbandonedSandboxes, Sandbox } from './sandbox.ts'
import { Counter, sentIn } from './tally.ts'
import { type DemoTopology, demoTopology, endpointOf } from './topology.ts'
import { traffic } from './traffic.ts'

/** How the demo is to run. */
export interface DemoOptions {
  /** Requests before, and at least as many after the drain. */
  readonly requests: number
  /** The command line's entry point, for node. */
  readonly script: string
  readonly report: DemoReporter
  /** Ends the demo early; what it has made is removed all the same. */
  readonly signal: AbortSignal
}

/** What the demo showed. */
export interface DemoResult {
  /** Whether everything it claims held. */
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly topology: DemoTopology
  readonly program: UpResult['program']
  readonly balanced: Observations['balanced']
  readonly drained: Observations['drained']
  /** Entries of the kernel's connection table after the first requests. */
  readonly flows: { readonly total: number; readonly sample: readonly Flow[] }
  /** Milliseconds. */
  readonly duration: number
}

/**
 * Shows the load balancer's main job in a sandbox of network namespaces: real HTTP requests, balanced, while a
 * backend is drained. Removes everything it has made, whatever happens.
 *
 * @throws {PrivilegeError} without the capabilities it takes, before anything is made
 * @throws {DemoCommandError} when a command fails that the demo runs in its sandbox
 * @throws {InterruptedError} when `signal` fires
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  checkPrivileges()
  const { report, signal } = options
  const begin = performance.now()
  const abandoned = removeAbandonedSandboxes()
  if (abandoned.length > 0) report({ kind: 'abandoned', namespaces: abandoned })

  const processes = new Processes()
  const sandbox = Sandbox.build(demoTopology(process.pid))
  const stop = (): void => processes.kill()
  // The process may be ended from elsewhere: an uncaught error, an output that nobody reads any more.
  const lastResort = (): void => {
    processes.kill()
    sandbox.close()
  }
  process.once('exit', lastResort)
  signal.addEventListener('abort', stop)
  let seen: Seen
  try {
    await nextTurn()
    signal.throwIfAborted()
    seen = await show(options, sandbox, processes)
  } catch (error) {
    // Every process was ended, and whatever the demo was waiting for has failed for that reason alone.
    throw signal.aborted ? new InterruptedError() : error
  } finally {
    await processes.end()
    sandbox.close()
    signal.removeEventListener('abort', stop)
    process.off('exit', lastResort)
  }
  const observations = { ...seen, remains: sandbox.remains() }
  report({ kind: 'removed', remains: observations.remains })
  const checks = check(observations)
  const duration = performance.now() - begin
  report({ kind: 'end', checks, duration })
  const { topology, balanced, drained, program } = observations
  const flows = { total: observations.flows.length, sample: sampleOf(topology, observations.flows) }
  const ok = checks.every(({ holds }) => holds)
  return { ok, checks, topology, program, balanced, drained, flows, duration }
}

type Seen = Omit<Observations, 'remains'> & { readonly program: UpResult['program'] }

async function show(options: DemoOptions, sandbox: Sandbox, processes: Processes): Promise<Seen> {
  const { report, requests } = options
  const { topology } = sandbox
  const { balancer, backends } = topology
  const names = backends.map(({ name }) => name)
  const url = `http://${balancer.address}:${balancer.port}/`
  const commandLine = new CommandLine(processes, sandbox.namespace(balancer.namespace), options.script)

  const client = await startHosts(sandbox, processes)
  const before = await client.get(url)
  report({ kind: 'sandbox', topology, refusal: before.error })

  const up = upCommand(topology)
  const upBegin = performance.now()
  const result = await commandLine.read<UpResult>(up)
  report({ kind: 'up', command: up, result, duration: performance.now() - upBegin })

  report({ kind: 'sending', url, requests })
  const counter = new Counter(names)
  const begin = performance.now()
  await client.stream({ url, total: requests, ...traffic(requests) }, (outcome) => {
    counter.add(outcome)
    const { failed } = counter.tally
    const sent = sentIn(counter.tally)
    report({ kind: 'progress', stage: 'balance', done: sent, total: requests, sent, failed })
  })
  const balanced = counter.tally
  report({ kind: 'balanced', tally: balanced, duration: performance.now() - begin })

  const counted = connectionsOf(topology, await commandLine.read<Status>(['status']))
  const flows = await commandLine.read<Flow[]>(['flows'])
  report({ kind: 'flows', command: ['flows'], sample: sampleOf(topology, flows), total: flows.length })

  const drained = await drainUnderTraffic({ client, commandLine, topology, url, requests, report })
  report({ kind: 'drained', ...drained })

  const drops = dropsIn(await commandLine.read<Status>(['status']))
  const down = ['down', balancer.interface]
  await commandLine.run(down)
  const pins = sandbox.pins()
  const after = await client.get(url)
  report({ kind: 'down', command: down, refusal: after.error, pins })
  return {
    topology,
    requests,
    unbalanced: { before, after },
    balanced,
    counted,
    flows,
    drops,
    drained,
    pins,
    program: result.program,
  }
}

/** Starts a server on each backend, and the client. */
async function startHosts(sandbox: Sandbox, processes: Processes): Promise<DemoClient> {
  const { client, backends } = sandbox.topology
  const [started] = await Promise.all([
    processes.start(sandbox.namespace(client.namespace), 'http-client', []),
    ...backends.map(({ namespace, name, address, port }) =>
      processes.start(sandbox.namespace(namespace), 'http-backend', [name, address, String(port)]),
    ),
  ])
  return new DemoClient(started)
}

/** The command that brings the demo's balancer up. */
function upCommand({ balancer, backends }: DemoTopology): string[] {
  const places = backends.flatMap((backend) => ['--backend', endpointOf(backend)])
  return ['up', balancer.interface, '--service', String(balancer.port), ...places]
}

/** How many connections each backend got, by its name. */
function connectionsOf({ backends }: DemoTopology, { services }: Status): Record<string, number> {
  const all = services.flatMap((service) => service.backends)
  return Object.fromEntries(
    backends.map((backend) => [
      backend.name,
      all.find((entry) => entry.backend === endpointOf(backend))?.connections ?? 0,
    ]),
  )
}

function dropsIn({ counters }: Status): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).filter(([name, count]) => name.startsWith('drop') && count > 0),
  )
}

function sampleOf({ backends }: DemoTopology, flows: readonly Flow[]): Flow[] {
  return backends.flatMap((backend) => flows.find((flow) => flow.backend === endpointOf(backend)) ?? [])
}
