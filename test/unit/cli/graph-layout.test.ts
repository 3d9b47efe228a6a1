import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layOutGraph } from '../../../src/cli/inspect/graph/layout.ts'

const size = fc.record({ width: fc.integer({ min: 10, max: 200 }), height: fc.integer({ min: 10, max: 60 }) })

/** Graphs whose forward edges go from lower to higher numbers, as those of programs nearly always do. */
const graph = fc.array(size, { minLength: 1, maxLength: 30 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    edges: fc.array(
      fc
        .tuple(fc.nat(nodes.length - 1), fc.nat(nodes.length - 1))
        .map(([from, to]) => ({ from, to, back: to <= from })),
      { maxLength: 50 },
    ),
  }),
)

test('boxes do not overlap, edges go down, everything is inside of the drawing', () => {
  fc.assert(
    fc.property(graph, ({ nodes, edges }) => {
      const layout = layOutGraph(nodes, edges)
      for (const [index, a] of layout.nodes.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0)
        expect(a.x + a.width).toBeLessThanOrEqual(layout.width)
        expect(a.y + a.height).toBeLessThanOrEqual(layout.height)
        for (const b of layout.nodes.slice(index + 1))
          if (a.rank === b.rank) expect(a.x + a.width <= b.x || b.x + b.width <= a.x).toBe(true)
      }
      for (const { from, to, back, points } of layout.edges) {
        const [a, b] = [layout.nodes[from], layout.nodes[to]]
        expect(points[0]?.y).toBe((a?.y ?? 0) + (a?.height ?? 0))
        expect(points.at(-1)?.y).toBe(b?.y)
        if (!back) expect(a?.rank).toBeLessThan(b?.rank ?? 0)
      }
    }),
    { numRuns: 200 },
  )
})
