import type { Emitter, Held } from '../core/emitter.ts'
import { BuildError } from '../core/errors.ts'

/** @throws {BuildError} unless exactly the `expected` objects are held where control meets; `where` says where that is */
export function checkSameHeld(emitter: Emitter, expected: ReadonlySet<Held>, where: string): void {
  const { held } = emitter
  const odd = [...held].find((h) => !expected.has(h)) ?? [...expected].find((h) => !held.has(h))
  if (odd === undefined) return
  const ended = odd.ended ?? 'released'
  throw new BuildError('LEAKED_REFERENCE', `this ${odd.type} is not ${ended} on every way`, odd.position, {
    details: `It is ${ended} on one way and held on another ${where}.`,
    hint:
      odd.ended === undefined
        ? 'Release it inside the block that acquired it, on every way out of it.'
        : `It must be ${ended} inside the block that acquired it, on every way out of it.`,
  })
}

/** @throws {BuildError} when anything is held; `details` says what happens with it */
export function checkNothingHeld(emitter: Emitter, details: string, before: string): void {
  const [leaked] = emitter.held
  if (leaked === undefined) return
  throw new BuildError(
    'LEAKED_REFERENCE',
    `this ${leaked.type} is not ${leaked.ended ?? 'released'} on every way`,
    leaked.position,
    {
      details,
      hint:
        leaked.ended === undefined
          ? `Release it before that ${before}, or pass it to a function that takes it over.`
          : `It must be ${leaked.ended} before that ${before}.`,
    },
  )
}
