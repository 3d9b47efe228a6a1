import { type DemoTopology, endpointOf } from '../../programs/load-balancer/demo/topology.ts'

/**
 * The sandbox as a drawing: client, balancer and backends, each a box, with the cables between them. The balancer's
 * box is as high as those of all backends; the client's cable meets it in the middle.
 */
export function drawTopology(topology: DemoTopology): string {
  const { client, backends } = topology
  const middle = Math.floor(backends.length / 2) * backendHeight + 1
  const left = clientBox(client.address)
  const rows = balancerBox(topology, middle).map((row, y) => {
    const isBackendsRow = y % backendHeight === 1
    const backend = backends[Math.floor(y / backendHeight)]
    const right = backendBox(backend?.name ?? '')[y % backendHeight] ?? ''
    const note = isBackendsRow && backend !== undefined ? ` ${endpointOf(backend)}` : ''
    const clientsRow = left[y - middle + 2] ?? ' '.repeat(left[0]?.length ?? 0)
    return `${clientsRow}${cable(y === middle)}${row}${cable(isBackendsRow)}${right}${note}`.trimEnd()
  })
  return rows.join('\n')
}

/** Rows of a backend's box; its cable is plugged in at the middle one. */
const backendHeight = 3
/** Columns of `eth0`. */
const interfaceWidth = 4
const cableLength = 5

interface BoxRow {
  readonly text: string
  /** Whether a cable is plugged in on the left, and on the right. */
  readonly left?: boolean
  readonly right?: boolean
}

function clientBox(address: string): string[] {
  return box([{ text: centred('client', address.length) }, { text: address, right: true }])
}

function backendBox(name: string): string[] {
  return box([{ text: name, left: true }])
}

/** @param middle the row of the whole drawing at which the client's cable is plugged in */
function balancerBox({ balancer, backends }: DemoTopology, middle: number): string[] {
  const labels = ['balancer', balancer.address, `port ${balancer.port}`]
  const width = Math.max(...labels.map((label) => label.length))
  const height = backends.length * backendHeight - 2
  const rows = Array.from({ length: height }, (_, i) => {
    const y = i + 1
    const inner = y === middle ? balancer.interface : ''
    const outer = y % backendHeight === 1 ? backends[Math.floor(y / backendHeight)]?.balancerInterface : ''
    const label = centred(labels[y - middle + 1] ?? '', width)
    return {
      text: `${inner.padEnd(interfaceWidth)}  ${label}  ${(outer ?? '').padEnd(interfaceWidth)}`,
      left: inner !== '',
      right: outer !== '',
    }
  })
  return box(rows)
}

function box(rows: readonly BoxRow[]): string[] {
  const line = '─'.repeat((rows[0]?.text.length ?? 0) + 2)
  return [
    `┌${line}┐`,
    ...rows.map(
      ({ text, left, right }) => `${left === true ? '┤' : '│'} ${text} ${right === true ? '├' : '│'}`,
    ),
    `└${line}┘`,
  ]
}

function cable(plugged: boolean): string {
  return (plugged ? '─' : ' ').repeat(cableLength)
}

function centred(text: string, width: number): string {
  return text.padStart(Math.floor((width + text.length) / 2)).padEnd(width)
}
