/**
 * A process of the demo: sends HTTP requests as it is told to and reports what became of each; see messages.ts.
 * It ends with the demo.
 */
import { Agent, get } from 'node:http'
import type { ClientCommand, ClientReport, Outcome } from './messages.ts'

/** Milliseconds without an answer after which a request has failed; a lost SYN is sent again after 1 second. */
const patience = 5000
/** Failures after which a stream gives up: something is broken, and more requests would only take time. */
const enough = 10

const heldConnection = new Agent({ keepAlive: true, maxSockets: 1 })
let epoch = 0
let stopped = false

process.on('message', (command: ClientCommand) => {
  switch (command.kind) {
    case 'get':
      void request(command.url, command.held).then((outcome) =>
        report({ kind: 'got', id: command.id, outcome }),
      )
      break
    case 'stream':
      stopped = false
      void stream(command).then(() => report({ kind: 'finished', id: command.id }))
      break
    case 'next-epoch':
      epoch++
      break
    case 'stop':
      stopped = true
  }
})
// Also when the demo was killed and could not say good-bye.
process.on('disconnect', () => process.exit())
report({ kind: 'ready' })

async function stream(command: Extract<ClientCommand, { kind: 'stream' }>): Promise<void> {
  const { id, url, total = Number.POSITIVE_INFINITY, parallel, pause } = command
  let begun = 0
  let failed = 0
  const lane = async (): Promise<void> => {
    while (begun < total && failed < enough && !stopped) {
      begun++
      const begunIn = epoch
      const outcome = await request(url, false)
      if (outcome.error !== undefined) failed++
      report({ kind: 'answer', id, outcome, epoch: begunIn })
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}

/** Never rejects: a failed request is an outcome, too. */
async function request(url: string, held: boolean): Promise<Outcome> {
  return await new Promise((resolve) => {
    const fail = (error: Error & { code?: string }): void => resolve({ error: error.code ?? error.message })
    const sent = get(url, { agent: held ? heldConnection : false, timeout: patience }, (response) => {
      // Known only while the connection is open.
      const port = response.socket.localPort ?? 0
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        body += part
      })
      response.on('error', fail)
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ backend: body.trim(), port })
        else resolve({ error: `HTTP ${response.statusCode}` })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${patience / 1000} seconds`)))
    sent.on('error', fail)
  })
}

function report(message: ClientReport): void {
  process.send?.(message)
}
