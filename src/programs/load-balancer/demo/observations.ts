import type { Flow } from '../control/flows.ts'
import type { Outcome } from './messages.ts'
import type { Tally } from './tally.ts'
import type { DemoTopology } from './topology.ts'

/** Everything the demo has seen. */
export interface Observations {
  readonly topology: DemoTopology
  /** How many requests there were to be before the drain, and again after it. */
  readonly requests: number
  /** A request before `up`, and one after `down`. */
  readonly unbalanced: { readonly before: Outcome; readonly after: Outcome }
  readonly balanced: Tally
  /** Connections per backend, as the balancer counted them by then. */
  readonly counted: Readonly<Record<string, number>>
  readonly flows: readonly Flow[]
  /** Packets that the balancer dropped, by reason; only reasons that there were. */
  readonly drops: Readonly<Record<string, number>>
  readonly drained: DrainResult
  /** Pins that `down` left. */
  readonly pins: readonly string[]
  /** Namespaces and pins that closing the sandbox left. */
  readonly remains: readonly string[]
}

/** How the drain of a backend under traffic went. */
export interface DrainResult {
  /** Name of the backend that was drained. */
  readonly backend: string
  /** Requests that were begun before the drain command had ended. */
  readonly before: Tally
  /** Requests that were begun afterwards. */
  readonly after: Tally
  readonly held: HeldConnection
}

/** The connection that was open before the drain. */
export interface HeldConnection {
  /** Who answered its first request; empty when nobody did. */
  readonly backend: string
  /** Answers over it after the drain command had ended. */
  readonly answersAfter: number
  /** What went wrong: failed requests, answers by others, a connection that had to be opened anew. */
  readonly troubles: readonly string[]
}
