import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { inNamespace } from '../../src/loader/netns/namespace.ts'
import { stateDirectory } from '../../src/programs/load-balancer/control/state-directory.ts'
import { Command, commandPath, start } from './support/command.ts'
import { describe, test } from './support/kernel-test.ts'
import { Host, removePins } from './support/lab.ts'
import { testNamespaces } from './support/namespaces.ts'
import { until } from './support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The blocks of the README in one language, in their order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text ?? '',
  )
}

const commandLines = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, ''))
  .filter((line) => line !== '')

/** The README's network: the balancer is 10.0.0.1 on eth0; client and backends are in the same network. */
describe('README', () => {
  const namespaces = testNamespaces('all')
  let balancer: Host
  let lan: Host
  let lb: Command
  let pins: string

  beforeAll(async () => {
    balancer = new Host(namespaces, 'balancer')
    lan = new Host(namespaces, 'lan')
    pins = inNamespace(balancer.namespace, stateDirectory)
    balancer.connect('eth0', '10.0.0.1/24', lan, 'eth0', '10.0.0.10/24')
    for (const last of [11, 12, 13]) lan.addAddress('eth0', `10.0.0.${last}/24`)
    await lan.peer.listenHttp({ port: 8080 })
    lb = new Command(balancer.namespace)
  })

  afterAll(async () => {
    await Promise.all([balancer, lan].map(({ peer }) => peer.end()))
    removePins(pins)
  })

  test('every command line runs, in the order in which they are written', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'tsbpf-readme-'))
    writeFileSync(join(cwd, 'program.asm'), blocks('asm')[0] ?? '')
    const known = commandLines.filter((line) => /^(sudo npx )?tsbpf-lb /.test(line))
    for (const line of known) {
      const args = line.replace(/^(sudo npx )?tsbpf-lb /, '').split(/\s+/)
      if (args[0] === 'inspect' && args[1] === '--live') await lb.run('up', 'eth0')
      const outcome = await start(balancer.namespace, process.execPath, [commandPath, ...args], { cwd })
        .outcome
      expect(outcome, line).toMatchObject({ code: 0, stderr: '' })
      if (args[0] === 'run') expect(outcome.stdout).toBe('0x2a\n')
      if (args[0] === 'up') {
        const [answer] = await lan.peer.get({ host: '10.0.0.1', port: 80 })
        expect(answer).toMatchObject({ status: 200 })
      }
    }
    await lb.run('down')
    rmSync(cwd, { recursive: true })
    expect(known.length).toBeGreaterThan(8)
  })

  test('the other command lines are scripts of the package, or the example', () => {
    const others = commandLines.filter((line) => !/^(sudo npx )?tsbpf-lb /.test(line))
    expect(others).toEqual([
      'npm ci && npm run demo',
      'sudo node examples/count-packets.ts eth0',
      'npm ci && npm test',
    ])
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']))
  })

  test('the program of one’s own is the example, and counts', async () => {
    const example = readFileSync(join(root, 'examples/count-packets.ts'), 'utf8')
    expect(example.replace(/^\/\/.*\n/, '')).toBe(blocks('ts')[0])

    // Inside of the package, so that it finds the package by its name; compiled, for Node 20.
    const folder = join(root, 'examples', `.compiled-${process.pid}`)
    const tsc = [
      join(root, 'node_modules/typescript/bin/tsc'),
      '--ignoreConfig',
      '--noCheck',
      '--module',
      'nodenext',
    ]
    try {
      execFileSync(
        process.execPath,
        [...tsc, '--target', 'es2023', '--rootDir', root, '--outDir', folder, 'examples/count-packets.ts'],
        { cwd: root },
      )
      const run = start(balancer.namespace, process.execPath, [
        join(folder, 'examples/count-packets.js'),
        'eth0',
      ])
      let output = ''
      run.process.stdout?.on('data', (text: string) => {
        output += text
      })
      try {
        const ask = async (): Promise<string> => {
          await lan.peer.get({ host: '10.0.0.1', port: 81 })
          return output
        }
        await until('counted packets', ask, (text) => /^[1-9]\d* packets, [1-9]\d* bytes$/m.test(text))
      } finally {
        run.process.kill()
        await run.outcome
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('the excerpt of `inspect` is what it prints', async () => {
    const excerpt = /^```\n(; parse\.ts[\s\S]*?)^```/m.exec(readme)?.[1]
    expect(await lb.run('inspect')).toContain(excerpt)
  })
})
