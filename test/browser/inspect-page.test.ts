import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportOn } from '../../src/asm/report/program-report.ts'
import { observeRun } from '../../src/asm/vm/observe-run.ts'
import { htmlPage } from '../../src/cli/inspect/html/page.ts'
import { locateSource } from '../../src/loader/program/locate-source.ts'
import { FileSourceText } from '../../src/loader/source-text.ts'
import { ingress } from '../../src/programs/load-balancer/datapath/ingress.ts'
import { BrowserPage, chromium } from './chromium.ts'

/** The load balancer's page, with what can be seen of it without a kernel. */
function loadBalancerPage(): string {
  const source = new FileSourceText()
  const program = locateSource(ingress(), source)
  const { counts, outcome } = observeRun(program, new Uint8Array(60))
  const visits = new Map([[0, { count: 2, states: ['R1=ctx()', 'R1=ctx() R2=<b>&"'] }]])
  return htmlPage(
    reportOn(
      { ...program, origin: 'a test </script><b>', line: (file, line) => source.line(file, line) },
      {
        hits: { run: outcome, counts },
        verifier: { origin: 'a log', processed: 1, visits },
        machineCode: {
          size: 4,
          pieces: [{ slot: 0, address: 'ffffffffc0000000', bytes: '554889e5', assembly: ['pushq %rbp'] }],
        },
      },
    ),
  )
}

describe.skipIf(chromium === undefined)('the page in Chromium (apt-get install chromium)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-page-'))
  let page: BrowserPage

  beforeAll(async () => {
    const file = join(directory, 'page.html')
    writeFileSync(file, loadBalancerPage())
    page = await BrowserPage.open(file)
  })

  afterAll(async () => {
    await page?.close()
    rmSync(directory, { recursive: true })
  })

  const count = (selector: string): Promise<number> =>
    page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`)
  const text = (selector: string): Promise<string> =>
    page.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`)

  test('it shows everything, and asks nobody for anything', async () => {
    const instructions = ingress().instructions.length
    expect(await count('#code .ins')).toBe(instructions)
    expect(await count('#graph .node')).toBeGreaterThan(20)
    expect(await count('#source .src.has')).toBeGreaterThan(20)
    expect(await text('h1')).toBe('lb_ingress')
    expect(await text('body > header')).toContain('a test </script><b>')
    expect(page.requests).toEqual([])
    expect(page.complaints).toEqual([])
  })

  test('its policy lets no other script run', async () => {
    const ran = await page.evaluate<boolean>(
      `(() => { const it = document.createElement('script'); it.textContent = 'window.foreign = 1'; document.body.append(it); return 'foreign' in window })()`,
    )
    expect(ran).toBe(false)
    page.complaints.length = 0
  })

  test('pointing at an instruction lights up its line and the other instructions of that line; and back', async () => {
    await page.point('#code .ins[data-i="7"]')
    const key = await page.evaluate<string>(`document.querySelector('#code .ins[data-i="7"]').dataset.k`)
    expect(await page.evaluate(`document.querySelector('#source .on').dataset.k`)).toBe(key)
    expect(await count('#code .on')).toBe(await count(`#code [data-k="${key}"]`))
    expect(await count('#graph .node.on')).toBe(1)
    await page.point(`#source [data-k="${key}"]`)
    expect(await count('#code .on')).toBe(await count(`#code [data-k="${key}"]`))
  })

  test('a click holds on to an instruction; the details say what is known of it', async () => {
    await page.point('#code .ins[data-i="0"]', true)
    const details = await text('#details')
    expect(details).toContain('Instruction 0')
    expect(details).toContain('came by 2 times')
    expect(details).toContain('R1=ctx() R2=<b>&"')
    expect(details).toContain('pushq %rbp')
    expect(details).toContain('55 48 89 e5')
    expect(details).toContain('executed1 time')
    await page.point('#code .ins[data-i="5"]')
    expect(await text('#details')).toContain('Instruction 0')
    await page.press('Escape')
    expect(await count('.pin')).toBe(0)
  })

  test('by keyboard: down, pin, over to the source and to the graph', async () => {
    await page.point('#code .ins[data-i="0"]', true)
    await page.press('ArrowDown')
    expect(await page.evaluate(`document.activeElement.dataset.i`)).toBe('1')
    await page.press('Enter')
    expect(await text('#details')).toContain('Instruction 1')
    const key = await page.evaluate<string>(`document.activeElement.dataset.k`)
    await page.press('ArrowLeft')
    expect(await page.evaluate(`document.activeElement.closest('.pane').id`)).toBe('source')
    expect(await page.evaluate(`document.activeElement.dataset.k`)).toBe(key)
    await page.press('ArrowRight')
    await page.press('ArrowRight')
    expect(await page.evaluate(`document.activeElement.closest('.pane').id`)).toBe('graph')
  })

  test('boxes of the graph do not overlap; a block’s box leads to its instructions', async () => {
    const boxes = await page.evaluate<{ x: number; y: number; right: number; bottom: number }[]>(
      `[...document.querySelectorAll('#graph rect')].map((it) => it.getBoundingClientRect()).map(({ x, y, right, bottom }) => ({ x, y, right, bottom }))`,
    )
    for (const [index, a] of boxes.entries())
      for (const b of boxes.slice(index + 1))
        expect(a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom).toBe(false)
    await page.point('#graph .node[data-b="2"]', true)
    expect(await count('#code .pin')).toBeGreaterThan(0)
  })

  test('nothing went wrong on the way', () => {
    expect(page.complaints).toEqual([])
    expect(execFileSync(chromium ?? '', ['--version']).toString()).toMatch(/Chrom/)
  })
})
