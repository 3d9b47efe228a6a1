import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** Chromium under one of its names; undefined where there is none. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

/**
 * A page in a headless Chromium, spoken to in the DevTools protocol over pipes: messages are JSON, each ended by a zero
 * byte, to the browser's descriptor 3 and from its descriptor 4.
 */
export class BrowserPage {
  /** Requests that the page has made, its own file not counted. */
  readonly requests: string[] = []
  /** What the page has complained about: exceptions, errors on the console, violations of its policy. */
  readonly complaints: string[] = []
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #events = new Map<string, (() => void)[]>()
  #session = ''
  #next = 1
  #rest = ''

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process
    this.#profile = profile
    const output = process.stdio[4] as Readable
    output.setEncoding('utf8')
    output.on('data', (text: string) => {
      const parts = (this.#rest + text).split('\0')
      this.#rest = parts.pop() ?? ''
      for (const part of parts) this.#receive(JSON.parse(part) as Answer)
    })
  }

  /** Starts a browser and opens a file in it. */
  static async open(file: string, options: { readonly dark?: boolean } = {}): Promise<BrowserPage> {
    const profile = mkdtempSync(join(tmpdir(), 'tsbpf-browser-'))
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', '--no-first-run']
    const child = spawn(chromium ?? '', [...flags, `--user-data-dir=${profile}`, '--window-size=1680,1000'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const page = new BrowserPage(child, profile)
    const { targetId } = await page.#send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.#send('Target.attachToTarget', { targetId, flatten: true })
    page.#session = String(sessionId)
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.#send(`${domain}.enable`)
    const scheme = { name: 'prefers-color-scheme', value: options.dark === true ? 'dark' : 'light' }
    await page.#send('Emulation.setEmulatedMedia', { features: [scheme] })
    const loaded = page.#event('Page.loadEventFired')
    await page.#send('Page.navigate', { url: `file://${file}` })
    await loaded
    return page
  }

  /** Evaluates an expression in the page. @throws what it throws */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  /** Presses and releases a key, such as `ArrowDown`. */
  async press(key: string): Promise<void> {
    const text = key === 'Enter' ? { text: '\r' } : {}
    const code = { ArrowDown: 40, ArrowUp: 38, ArrowLeft: 37, ArrowRight: 39, Enter: 13, Escape: 27, Tab: 9 }[
      key
    ]
    const event = { key, code: key, windowsVirtualKeyCode: code, ...text }
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', ...event })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }

  /** Moves the pointer to the middle of the first element that a selector finds; clicks if told to. */
  async point(selector: string, click = false): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(
      `(() => { const it = document.querySelector(${JSON.stringify(selector)}); it.scrollIntoView({ block: 'center', inline: 'nearest' }); const box = it.getBoundingClientRect(); return { x: box.x + Math.min(40, box.width / 2), y: box.y + box.height / 2 } })()`,
    )
    await this.#send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y })
    if (!click) return
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }

  /** A picture of what the window shows, as PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#send('Page.captureScreenshot')
    return Buffer.from(String(data), 'base64')
  }

  /** Ends the browser. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }

  #send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.#next++
    const session = this.#session === '' || method.startsWith('Target.') ? {} : { sessionId: this.#session }
    const message = JSON.stringify({ id, method, params, ...session })
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result ?? {}) : reject(new Error(`${method}: ${error.message}`)),
      )
      ;(this.#process.stdio[3] as Writable).write(`${message}\0`)
    })
  }

  #event(method: string): Promise<void> {
    return new Promise((resolve) => {
      this.#events.set(method, [...(this.#events.get(method) ?? []), resolve])
    })
  }

  #receive(answer: Answer): void {
    if (answer.id !== undefined) {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
      return
    }
    const { method = '', params = {} } = answer
    if (method === 'Network.requestWillBeSent') {
      const { url } = params.request as { url: string }
      if (!url.startsWith('file:')) this.requests.push(url)
    }
    if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.complaints.push(JSON.stringify(params))
    for (const resolve of this.#events.get(method) ?? []) resolve()
    this.#events.delete(method)
  }
}
