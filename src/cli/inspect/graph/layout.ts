import { largest } from '../../../asm/report/largest.ts'

/** A node to be placed: its size in pixels. */
export interface LayoutNode {
  readonly width: number
  readonly height: number
}

/** An edge to be drawn, between nodes by index. */
export interface LayoutEdge {
  readonly from: number
  readonly to: number
  /** It closes a loop: it runs against the direction of the others. */
  readonly back: boolean
}

/** Where a node goes: its upper left corner. */
export interface PlacedNode extends LayoutNode {
  readonly x: number
  readonly y: number
  /** Row, from 0 at the top. */
  readonly rank: number
}

/** Points that an edge goes through, from the lower side of one node to the upper side of the other. */
export interface RoutedEdge extends LayoutEdge {
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** A drawing of a graph, from the upper left corner (0, 0). */
export interface GraphLayout {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly RoutedEdge[]
  readonly width: number
  readonly height: number
}

const gap = { x: 22, y: 38, lane: 12, margin: 14 } as const
/** Width that an edge takes where it passes a row of nodes. */
const laneWidth = 8
const sweeps = 12

/** A node, or a place where a long edge passes a row. */
interface Cell {
  readonly node: number
  readonly width: number
  readonly row: number
  readonly above: Cell[]
  readonly below: Cell[]
  x: number
}

/**
 * Places the nodes of a directed graph in rows, edges going down (Sugiyama's method): each node one row below the lowest
 * of those that lead to it, long edges through lanes between the nodes, rows ordered so that edges cross little.
 */
export function layOutGraph(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): GraphLayout {
  const ranks = rank(nodes.length, edges)
  const rows: Cell[][] = Array.from({ length: largest(ranks) + 1 }, () => [])
  const cells = nodes.map(({ width }, node): Cell => {
    const row = ranks[node] ?? 0
    const cell = { node, width, row, above: [], below: [], x: 0 }
    rows[row]?.push(cell)
    return cell
  })
  const lanes = edges.map((edge) => (edge.back ? [] : thread(edge, ranks, rows, cells)))
  order(rows)
  placeHorizontally(rows)
  const tops = rowTops(rows, nodes)
  const left = -largest(rows.flat().map(({ x }) => -x))
  const placed = nodes.map((size, index) => ({
    ...size,
    x: (cells[index]?.x ?? 0) - left + gap.margin,
    y: tops[ranks[index] ?? 0] ?? 0,
    rank: ranks[index] ?? 0,
  }))
  const right = largest(placed.map(({ x, width }) => x + width))
  const ports = portsOf(edges, placed, lanes, gap.margin - left)
  let backLanes = 0
  const routed = edges.map((edge, index): RoutedEdge => {
    const { start, end } = ports[index] as Ports
    if (edge.back) {
      const lane = right + gap.lane * ++backLanes
      return { ...edge, points: [start, { x: lane, y: start.y + 12 }, { x: lane, y: end.y - 12 }, end] }
    }
    const between = (lanes[index] ?? []).flatMap((cell) => {
      const x = cell.x - left + gap.margin + laneWidth / 2
      const top = tops[cell.row] ?? 0
      return [
        { x, y: top },
        { x, y: top + rowHeight(rows[cell.row] ?? [], nodes) },
      ]
    })
    return { ...edge, points: [start, ...between, end] }
  })
  const lowest = largest(placed.map(({ y, height }) => y + height))
  const lanesRight = Math.max(right, largest(routed.flatMap(({ points }) => points.map(({ x }) => x))))
  return { nodes: placed, edges: routed, width: lanesRight + gap.margin, height: lowest + gap.margin }
}

/** The longest way from a node without predecessors, over edges that close no loop. */
function rank(count: number, edges: readonly LayoutEdge[]): number[] {
  const ranks = new Array<number>(count).fill(0)
  const forward = edges.filter(({ back, from, to }) => !back && from !== to)
  // As many rounds as the longest way has edges; more only if the caller has overlooked a loop.
  for (let round = 0, changed = true; changed && round <= count; round++) {
    changed = false
    for (const { from, to } of forward) {
      const least = (ranks[from] ?? 0) + 1
      if ((ranks[to] ?? 0) >= least || least > count) continue
      ranks[to] = least
      changed = true
    }
  }
  return ranks
}

/** Lays an edge through the rows between its ends. @returns its places there */
function thread(edge: LayoutEdge, ranks: readonly number[], rows: Cell[][], cells: readonly Cell[]): Cell[] {
  const places: Cell[] = []
  let previous = cells[edge.from] as Cell
  for (let row = (ranks[edge.from] ?? 0) + 1; row < (ranks[edge.to] ?? 0); row++) {
    const place: Cell = { node: -1, width: laneWidth, row, above: [previous], below: [], x: 0 }
    previous.below.push(place)
    rows[row]?.push(place)
    places.push(place)
    previous = place
  }
  const end = cells[edge.to] as Cell
  previous.below.push(end)
  end.above.push(previous)
  return places
}

/** Orders rows by the mean position of what they are joined to, down and up again. */
function order(rows: readonly Cell[][]): void {
  const position = new Map<Cell, number>()
  const number = (row: readonly Cell[]): void => {
    for (const [index, cell] of row.entries()) position.set(cell, index)
  }
  rows.forEach(number)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const down = sweep % 2 === 0
    for (const row of down ? rows : rows.toReversed()) {
      const key = new Map(
        row.map((cell) => [cell, mean(down ? cell.above : cell.below, (it) => position.get(it) ?? 0)]),
      )
      row.sort((a, b) => (key.get(a) ?? position.get(a) ?? 0) - (key.get(b) ?? position.get(b) ?? 0))
      number(row)
    }
  }
}

/** Moves cells to the middle of what they are joined to, keeping order and distance. */
function placeHorizontally(rows: readonly Cell[][]): void {
  for (const row of rows) {
    let x = 0
    for (const cell of row) {
      cell.x = x
      x += cell.width + gap.x
    }
  }
  const centre = (cell: Cell): number => cell.x + cell.width / 2
  for (let sweep = 0; sweep < sweeps * 2; sweep++) {
    const down = sweep % 2 === 0
    for (const row of down ? rows : rows.toReversed()) {
      const wanted = row.map((cell) => {
        const middle = mean(down ? cell.above : cell.below, centre) ?? centre(cell)
        return middle - cell.width / 2
      })
      // What is wanted, as near as the order lets it: the mean of placing from the left and from the right.
      const fromLeft: number[] = []
      for (const [index, cell] of row.entries()) {
        const before = row[index - 1]
        const least =
          before === undefined ? Number.NEGATIVE_INFINITY : (fromLeft[index - 1] ?? 0) + before.width + gap.x
        fromLeft.push(Math.max(wanted[index] ?? cell.x, least))
      }
      const fromRight: number[] = []
      for (let index = row.length - 1; index >= 0; index--) {
        const cell = row[index] as Cell
        const most =
          index === row.length - 1
            ? Number.POSITIVE_INFINITY
            : (fromRight[index + 1] ?? 0) - cell.width - gap.x
        fromRight[index] = Math.min(wanted[index] ?? cell.x, most)
      }
      for (const [index, cell] of row.entries())
        cell.x = ((fromLeft[index] ?? 0) + (fromRight[index] ?? 0)) / 2
    }
  }
}

function mean(cells: readonly Cell[], of: (cell: Cell) => number): number | undefined {
  if (cells.length === 0) return undefined
  return cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length
}

function rowHeight(row: readonly Cell[], nodes: readonly LayoutNode[]): number {
  return largest(row.map(({ node }) => nodes[node]?.height ?? 0))
}

function rowTops(rows: readonly Cell[][], nodes: readonly LayoutNode[]): number[] {
  let y: number = gap.margin
  return rows.map((row) => {
    const top = y
    y += rowHeight(row, nodes) + gap.y
    return top
  })
}

interface Ports {
  readonly start: { readonly x: number; readonly y: number }
  readonly end: { readonly x: number; readonly y: number }
}

/** Where edges leave and reach their nodes: side by side, in the order of what is at their other ends. @param shift of lanes in the drawing */
function portsOf(
  edges: readonly LayoutEdge[],
  placed: readonly PlacedNode[],
  lanes: readonly (readonly Cell[])[],
  shift: number,
): Ports[] {
  const middle = (node: number): number => (placed[node]?.x ?? 0) + (placed[node]?.width ?? 0) / 2
  const toward = (index: number, side: 'from' | 'to'): number => {
    const edge = edges[index] as LayoutEdge
    if (edge.back) return Number.POSITIVE_INFINITY
    const lane = side === 'from' ? lanes[index]?.[0] : lanes[index]?.at(-1)
    return lane === undefined ? middle(side === 'from' ? edge.to : edge.from) : lane.x + shift + laneWidth / 2
  }
  const places = (side: 'from' | 'to'): number[] => {
    const byNode = new Map<number, number[]>()
    for (const [index, edge] of edges.entries()) {
      const own = byNode.get(edge[side]) ?? []
      byNode.set(edge[side], own)
      own.push(index)
    }
    const result: number[] = []
    for (const [node, own] of byNode) {
      own.sort((a, b) => toward(a, side) - toward(b, side))
      const { x = 0, width = 0 } = placed[node] ?? {}
      for (const [at, index] of own.entries()) result[index] = x + (width * (at + 1)) / (own.length + 1)
    }
    return result
  }
  const [starts, ends] = [places('from'), places('to')]
  return edges.map(({ from, to }, index) => {
    const { y = 0, height = 0 } = placed[from] ?? {}
    return {
      start: { x: starts[index] ?? 0, y: y + height },
      end: { x: ends[index] ?? 0, y: placed[to]?.y ?? 0 },
    }
  })
}
