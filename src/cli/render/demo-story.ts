import type { Flow } from '../../programs/load-balancer/control/flows.ts'
import type { UpResult } from '../../programs/load-balancer/control/up.ts'
import type { Check } from '../../programs/load-balancer/demo/checks.ts'
import type { DemoEvent, Progress } from '../../programs/load-balancer/demo/events.ts'
import type { DrainResult } from '../../programs/load-balancer/demo/observations.ts'
import { sentIn, type Tally } from '../../programs/load-balancer/demo/tally.ts'
import type { DemoTopology } from '../../programs/load-balancer/demo/topology.ts'
import { drawTopology } from './demo-drawing.ts'
import { bar, barWidth, ProgressLine, type ProgressOutput } from './demo-progress.ts'
import { indent, plural, table } from './table.ts'

/** Colours a piece of text, or leaves it as it is. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'cyan', text: string) => string

/** Tells the demo's events as a story, for somebody who sees this program for the first time. */
export class DemoStory {
  readonly #output: ProgressOutput
  readonly #paint: Paint
  readonly #progress: ProgressLine
  #chapter = 0

  constructor(output: ProgressOutput, paint: Paint) {
    this.#output = output
    this.#paint = paint
    this.#progress = new ProgressLine(output)
  }

  /** Before anything has happened. */
  begin(requests: number): void {
    this.#print(
      '',
      this.#paint('bold', 'tsbpf-lb demo: a load balancer in the kernel, written in TypeScript'),
      'All of it happens in a sandbox; the rest of this machine is not touched.',
      `${number(requests)} HTTP requests are balanced, a backend is drained, then it is all removed.`,
    )
  }

  /** What happens next. */
  tell(event: DemoEvent): void {
    // The command that drains comes in between; the bar goes on below it.
    if (event.kind === 'draining') this.#progress.clear()
    else if (event.kind !== 'progress') this.#progress.finish()
    switch (event.kind) {
      case 'abandoned':
        this.#print('', `(Removed the sandbox of a demo that was killed: ${event.namespaces.join(', ')}.)`)
        break
      case 'sandbox':
        this.#sandbox(event.topology, event.refusal)
        break
      case 'up':
        this.#up(event.command, event.result, event.duration)
        break
      case 'sending':
        this.#heading(`${number(event.requests)} requests to ${event.url}, each over a new connection`)
        break
      case 'progress':
        this.#showProgress(event)
        break
      case 'balanced':
        this.#balanced(event.tally, event.duration)
        break
      case 'flows':
        this.#flows(event.command, event.sample, event.total)
        break
      case 'held':
        this.#heading(`Draining ${event.backend} while requests keep coming`)
        this.#print(
          `The client opens one more connection and keeps it open: to ${event.backend}.`,
          `Now ${event.backend} is to be updated: it keeps what it has, and gets no more.`,
        )
        break
      case 'draining':
        this.#command(event.command)
        break
      case 'drained':
        this.#drained(event)
        break
      case 'down':
        this.#heading('Taking everything down')
        this.#command(event.command)
        this.#print(
          event.pins.length === 0
            ? `Program and maps are gone; the client asks again: ${answer(event.refusal)}.`
            : `It has left: ${event.pins.join(', ')}`,
        )
        break
      case 'removed':
        this.#print(
          event.remains.length === 0
            ? 'Servers, cables and namespaces are gone, too.'
            : `Could not remove: ${event.remains.join(', ')}`,
        )
        break
      case 'end':
        this.#end(event.checks, event.duration)
    }
  }

  /** Puts the cursor on a line of its own, whatever was being shown. */
  interrupt(): void {
    this.#progress.finish()
  }

  #sandbox(topology: DemoTopology, refusal: string | undefined): void {
    const { address, port } = topology.balancer
    this.#heading('A network to play in')
    this.#print('Five network namespaces, as good as five machines, joined by virtual cables:', '')
    this.#print(...drawTopology(topology).split('\n'), '')
    this.#print(
      'Each backend runs an HTTP server that answers with its own name.',
      `The balancer has none: on http://${address}:${port}/ ${answer(refusal)}.`,
    )
  }

  #up(command: readonly string[], { program, mode, interface: name }: UpResult, duration: number): void {
    this.#heading('Bringing the load balancer up')
    this.#command(command)
    const rows = [
      [
        'compiled',
        `${program.name}, from TypeScript: ${number(program.instructions)} instructions, ${number(program.bytes)} bytes`,
      ],
      [
        'loaded',
        `program ${program.id}, ${plural(program.maps, 'map')}; the verifier followed ${number(program.verifiedInstructions)} instructions`,
      ],
      ['attached', `to ${name}, where packets come in (${mode})`],
    ]
    for (const [what = '', text = ''] of rows)
      this.#print(`${this.#paint('green', '✓')} ${what.padEnd(9)} ${text}`)
    this.#print(`It took ${seconds(duration)}. The command has ended; from here on the kernel does the work.`)
  }

  #showProgress({ stage, done, total, sent, failed }: Progress): void {
    const words =
      stage === 'balance' ? `${number(sent)} of ${number(total)} requests` : `${number(sent)} requests`
    this.#progress.show(done, total, `${words}, ${failed} failed`)
  }

  #balanced(tally: Tally, duration: number): void {
    this.#print(`Answered in ${seconds(duration)}:`)
    this.#shares(tally)
    this.#failures(tally)
  }

  #flows(command: readonly string[], sample: readonly Flow[], total: number): void {
    this.#heading('What the kernel knows')
    this.#command(command)
    const heading = ['CLIENT', 'ASKED FOR', 'WAS SENT TO', 'TCP STATE']
    const rows = sample.map((flow) => [flow.client, flow.vip, flow.backend, flow.state ?? '-'])
    this.#print(...indent(table(heading, rows)).split('\n'))
    this.#print(
      `and ${number(total - sample.length)} more. This is the kernel’s own connection table (conntrack):`,
      'connections need no process of ours, and outlive an update of the program.',
    )
  }

  #drained({ backend, before, after, held }: DrainResult): void {
    this.#print(`Who answered the ${number(sentIn(after))} requests that began after the drain:`)
    this.#shares(after)
    this.#failures(before)
    this.#failures(after)
    this.#print(
      held.troubles.length === 0
        ? `The open connection stays with ${backend}: ${plural(held.answersAfter, 'answer')} since, none missing.`
        : `The open connection had trouble: ${held.troubles.join(', ')}.`,
    )
  }

  #end(checks: readonly Check[], duration: number): void {
    this.#heading('Did it hold?')
    for (const { holds, claim, seen } of checks) {
      this.#print(holds ? `${this.#paint('green', '✓')} ${claim}` : `${this.#paint('red', '✗')} ${claim}`)
      if (seen !== undefined) this.#print(`  ${this.#paint('red', `but: ${seen}`)}`)
    }
    const broken = checks.filter(({ holds }) => !holds).length
    const verdict =
      broken === 0
        ? this.#paint('green', 'All of it.')
        : this.#paint('red', `${plural(broken, 'claim')} did not hold.`)
    this.#print('', `${verdict} The demo took ${seconds(duration)}.`)
    if (broken === 0)
      this.#print(
        '',
        'On an interface of your own, as root:',
        this.#paint('cyan', '  npx tsbpf-lb up eth0 --service 80 --backend ADDRESS:PORT …'),
      )
    this.#print('')
  }

  /** One line for each backend: how many of the answers were its. */
  #shares({ backends, answered }: Tally): void {
    const most = Math.max(1, ...Object.values(backends))
    const width = String(most).length
    for (const [name, count] of Object.entries(backends)) {
      const percent = answered === 0 ? 0 : Math.round((100 * count) / answered)
      const share = this.#paint('cyan', bar(count / most, barWidth, ' '))
      this.#print(`  ${name}  ${share}  ${String(count).padStart(width)}  ${String(percent).padStart(3)}%`)
    }
  }

  #failures({ failures }: Tally): void {
    for (const [reason, count] of Object.entries(failures))
      this.#print(this.#paint('red', `  ${count} × ${reason}`))
  }

  #heading(text: string): void {
    this.#chapter++
    this.#write('', this.#paint('bold', `${this.#chapter}. ${text}`))
  }

  /** A command as one would type it, on lines that fit a terminal. */
  #command(args: readonly string[]): void {
    const lines = wrapCommand(['tsbpf-lb', ...args])
    this.#print(...lines.map((line, i) => `${i === 0 ? '$ ' : '    '}${this.#paint('cyan', line)}`))
  }

  /** Prints lines of a chapter. */
  #print(...lines: readonly string[]): void {
    this.#write(...lines.map((line) => (line === '' || this.#chapter === 0 ? line : `   ${line}`)))
  }

  #write(...lines: readonly string[]): void {
    this.#output.write(lines.map((line) => `${line}\n`).join(''))
  }
}

/** Options stay with their values; every line but the last ends with a backslash. */
function wrapCommand(words: readonly string[], width = 70): string[] {
  const parts = words.join(' ').split(/ (?=--)/)
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + part.length <= width)
      lines[lines.length - 1] = `${last} ${part}`
    else lines.push(part)
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line))
}

/** What a request to the balancer's address met while nothing was balanced. */
function answer(refusal: string | undefined): string {
  return refusal === 'ECONNREFUSED' ? 'the connection is refused' : (refusal ?? 'somebody answers')
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
