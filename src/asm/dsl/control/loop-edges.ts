import type { Emitter, Held, PacketUse, Scope } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'
import { checkSameHeld } from './held.ts'

/**
 * Follows what is held and where the packet is around a loop: every way back to its start and every way out must
 * agree with the way in. Made where the loop begins.
 */
export class LoopEdges {
  readonly #emitter: Emitter
  readonly #held: Set<Held>
  readonly #generation: number
  readonly #scope: Scope
  readonly #uses: PacketUse[] = []
  readonly #left = new Set<number>()
  #movedOnTheWayBack = false

  constructor(emitter: Emitter) {
    this.#emitter = emitter
    this.#held = new Set(emitter.held)
    this.#generation = emitter.packetGeneration
    this.#left.add(emitter.packetGeneration)
    this.#scope = emitter.scope
    emitter.packetUses.push(this.#uses)
  }

  /** Control leaves the body: to the next turn (`again`) or out of the loop. */
  leaveBody(to: 'again' | 'out', where: string): void {
    checkSameHeld(this.#emitter, this.#held, where)
    const { packetGeneration } = this.#emitter
    this.#left.add(packetGeneration)
    if (to !== 'again' || packetGeneration === this.#generation) return
    this.#movedOnTheWayBack = true
    for (const readAgain of this.#emitter.packetReaders) readAgain()
  }

  /** The loop is written: what follows finds what every way out leaves behind. */
  close(): void {
    const { packetUses } = this.#emitter
    packetUses.splice(packetUses.indexOf(this.#uses), 1)
    this.#emitter.held = this.#held
    this.#emitter.packetGeneration = this.#generation
    // It has moved on some ways: no reference from before or from inside is good on all of them.
    if (this.#left.size > 1) this.#emitter.movePacket()
    if (!this.#movedOnTheWayBack) return
    const stale = this.#uses.find((use) => use.generation === this.#generation && !this.#isInside(use.scope))
    if (stale === undefined) return
    throw new BuildError(
      'PACKET_MOVED',
      `${stale.what} is used in a loop that may move the packet in memory: from the second turn on it is no longer there`,
      stale.position,
      {
        hint: 'Take the header inside the loop with packet.header(…), or read what you need before the loop.',
      },
    )
  }

  #isInside(scope: Scope): boolean {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent)
      if (at === this.#scope) return scope !== this.#scope
    return false
  }
}
