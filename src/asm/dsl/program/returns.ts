import type { SourcePosition } from '../../diagnostics/source-position.ts'
import { BuildError } from '../core/errors.ts'

/** What the kernel lets programs of one type return. */
export interface Returns {
  readonly min: number
  readonly max: number
  /** What the values mean: `XDP_DROP (1)`, for the error's hint. */
  readonly meaning: string
}

/** The literals that `b.return` takes in a program of this type. */
export type Verdict<P> = P extends keyof Verdicts ? Verdicts[P] : number

interface Verdicts {
  readonly xdp: 0 | 1 | 2 | 3 | 4
  /** 2 and 3 at egress alone. */
  readonly cgroup_skb: 0 | 1 | 2 | 3
  readonly cgroup_sock: 0 | 1
  /** 2 and 3 for bind alone. */
  readonly cgroup_sock_addr: 0 | 1 | 2 | 3
  readonly sk_lookup: 0 | 1
}

/** @throws {BuildError} for a constant that a program of this type must not return */
export function checkReturned(
  program: string,
  returns: Returns | undefined,
  value: number,
  position: SourcePosition | undefined,
): void {
  if (returns === undefined || (value >= returns.min && value <= returns.max)) return
  const { min, max, meaning } = returns
  throw new BuildError(
    'RETURN_VALUE',
    `${program} returns ${value}, and must return ${min === max ? min : `${min} to ${max}`}`,
    position,
    { hint: meaning },
  )
}
