import type { Flow } from '../control/flows.ts'
import type { UpResult } from '../control/up.ts'
import type { Check } from './checks.ts'
import type { DrainResult } from './observations.ts'
import type { Tally } from './tally.ts'
import type { DemoTopology } from './topology.ts'

/** What happens in the demo, in the order in which it happens. Durations are in milliseconds. */
export type DemoEvent =
  /** Leftovers of demos that had been killed were removed. */
  | { readonly kind: 'abandoned'; readonly namespaces: readonly string[] }
  /** The sandbox is built, the servers answer; `refusal` is how the still unbalanced address refuses a request. */
  | { readonly kind: 'sandbox'; readonly topology: DemoTopology; readonly refusal: string | undefined }
  | {
      readonly kind: 'up'
      readonly command: readonly string[]
      readonly result: UpResult
      readonly duration: number
    }
  /** Requests are about to be sent to this URL. */
  | { readonly kind: 'sending'; readonly url: string; readonly requests: number }
  | Progress
  /** The first requests have their outcomes. */
  | { readonly kind: 'balanced'; readonly tally: Tally; readonly duration: number }
  | {
      readonly kind: 'flows'
      readonly command: readonly string[]
      /** One of each backend. */
      readonly sample: readonly Flow[]
      readonly total: number
    }
  /** A connection was opened that is to outlive the drain; traffic has begun again. */
  | { readonly kind: 'held'; readonly backend: string }
  /** The drain command is about to run. */
  | { readonly kind: 'draining'; readonly command: readonly string[]; readonly backend: string }
  | ({ readonly kind: 'drained' } & DrainResult)
  /** `refusal` as before `up`; `pins` is what the command left. */
  | {
      readonly kind: 'down'
      readonly command: readonly string[]
      readonly refusal: string | undefined
      readonly pins: readonly string[]
    }
  /** The sandbox was removed; `remains` is what could not be. */
  | { readonly kind: 'removed'; readonly remains: readonly string[] }
  | { readonly kind: 'end'; readonly checks: readonly Check[]; readonly duration: number }

/** How far the requests are that are being sent. */
export interface Progress {
  readonly kind: 'progress'
  readonly stage: 'balance' | 'drain'
  /** Steps out of {@link total}; never goes back. */
  readonly done: number
  readonly total: number
  /** Requests that have their outcome. */
  readonly sent: number
  readonly failed: number
}

/** Somebody who wants to know. */
export type DemoReporter = (event: DemoEvent) => void
