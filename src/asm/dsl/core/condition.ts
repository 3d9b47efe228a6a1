import type { Comparison, Value } from '../../ir/graph.ts'
import type { Scope } from './emitter.ts'

/** What a condition is made of. */
export type ConditionNode =
  | {
      readonly kind: 'compare'
      readonly comparison: Comparison
      readonly left: Value
      readonly right: Value
      /** Where its operands were computed. */
      readonly scope: Scope
    }
  | { readonly kind: 'and' | 'or'; readonly left: ConditionNode; readonly right: ConditionNode }
  | { readonly kind: 'not'; readonly inner: ConditionNode }

/**
 * A condition for `b.if` and its like. Its operands are computed where they are written; only the branching of
 * `and` and `or` is short-circuit.
 */
export class Condition {
  readonly node: ConditionNode

  private constructor(node: ConditionNode) {
    this.node = node
  }

  /** Made by the comparison methods of values. */
  static compare(comparison: Comparison, left: Value, right: Value, scope: Scope): Condition {
    return new Condition({ kind: 'compare', comparison, left, right, scope })
  }

  and(other: Condition): Condition {
    return new Condition({ kind: 'and', left: this.node, right: other.node })
  }

  or(other: Condition): Condition {
    return new Condition({ kind: 'or', left: this.node, right: other.node })
  }

  not(): Condition {
    return new Condition({ kind: 'not', inner: this.node })
  }
}
