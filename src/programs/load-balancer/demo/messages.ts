/** What the demo's processes tell each other. Node's child process channel carries it as JSON, in order. */

/** What became of a request. */
export type Outcome =
  | {
      /** The name in the answer. */
      readonly backend: string
      /** The client's port of the connection that it came over. */
      readonly port: number
      readonly error?: undefined
    }
  | { readonly error: string; readonly backend?: undefined }

/** Many requests, each over a new connection. */
export interface StreamRequest {
  readonly url: string
  /** How many; until told to stop when absent. */
  readonly total?: number | undefined
  /** How many at a time, at most. */
  readonly parallel: number
  /** Milliseconds to wait between an answer and the next request in its place. */
  readonly pause: number
}

/** From the demo to its client. */
export type ClientCommand =
  /** One request; with `held` over the one connection that is kept open, else over a new one. */
  | { readonly kind: 'get'; readonly id: number; readonly url: string; readonly held: boolean }
  | ({ readonly kind: 'stream'; readonly id: number } & StreamRequest)
  /** Requests that are begun from now on report the next epoch. */
  | { readonly kind: 'next-epoch' }
  /** Begin no more requests of the stream. */
  | { readonly kind: 'stop' }

/** From the client to the demo. */
export type ClientReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'got'; readonly id: number; readonly outcome: Outcome }
  | {
      readonly kind: 'answer'
      readonly id: number
      readonly outcome: Outcome
      /** How many `next-epoch` had arrived when the request was begun. */
      readonly epoch: number
    }
  | { readonly kind: 'finished'; readonly id: number }
