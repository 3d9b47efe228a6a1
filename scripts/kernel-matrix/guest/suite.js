// Runs in the guest. Tries the installed command as an operator would, from the outside, and reports each check as a
// line of JSON on standard output. The kernel's command line says what to expect of it: see parameters.js.
import { strict as assert } from 'node:assert'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, run, succeed, succeedJson } from './commands.js'
import { checkAnswers, checkText, checkUnloaded } from './features.js'
import { backends, makeLab, snapshot, vip, withoutModules } from './lab.js'
import { parameters } from './parameters.js'
import { programTypes } from './program-types.js'

const lb = 'tsbpf-lb'

function report(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

class Aborted extends Error {}

/** One check. `vital`: without it there is no point in going on. */
async function check(name, body, { vital = false } = {}) {
  const started = performance.now()
  const seconds = () => Math.round(performance.now() - started) / 1000
  try {
    await body()
    report({ event: 'check', name, ok: true, seconds: seconds() })
  } catch (error) {
    report({ event: 'check', name, ok: false, seconds: seconds(), problem: error.stack ?? String(error) })
    if (vital) throw new Aborted()
  }
}

const service = (name, port) => [
  ...['--service', name, '--scheduler', 'round-robin'],
  ...backends.flatMap(({ address }) => ['--backend', `${address}:${port}`]),
]

const balancing = ['up', 'eth0', ...service('80', 8080), ...service('7', 7000), ...service('udp/53', 5353)]

/** Servers by how often they answered. */
function tally(servers) {
  const counts = Object.fromEntries(backends.map(({ name }) => [name, 0]))
  for (const server of servers) counts[server] = (counts[server] ?? 0) + 1
  return counts
}

function assertBalanced(servers, what) {
  const counts = tally(servers)
  const fair = servers.length / backends.length
  for (const { name } of backends)
    assert.ok(counts[name] >= fair / 2, `${what} are not balanced: ${JSON.stringify(counts)}`)
}

async function refuse() {
  await check('features says what is missing', async () => {
    checkAnswers(await succeedJson(lb, 'features', '--json'))
    checkText(await succeed(lb, 'features'))
  })

  await check('up refuses with exit code 5 and one sentence', async () => {
    const before = await snapshot()
    const result = await run(lb, ...balancing)
    assert.equal(result.code, 5, describe(result))
    report({ event: 'facts', refusal: /^error: (.*)$/m.exec(result.stderr)?.[1] })
    assert.doesNotMatch(result.stderr, /\n\s+at /, describe(result))
    assert.match(result.stderr, /\d\.\d+/, `no release that has it is named: ${describe(result)}`)
    assert.deepEqual(await snapshot(), before)
  })
}

async function tryProgramTypes() {
  for (const [type, works] of Object.entries(programTypes))
    await check(`a ${type} program sees what happens`, works)
}

async function balance({ client }) {
  await check('features, before anything is loaded, says nothing wrong', async () =>
    checkUnloaded(await succeedJson(lb, 'features', '--json')),
  )

  const before = await snapshot()
  const connect = async () => await client.call('connect', { host: vip, port: 7 })
  const assertAlive = async ({ id }, text) => assert.equal(await client.call('exchange', { id, text }), text)

  const assertHttp = async (count) => {
    const answers = await client.call('get', { host: vip, port: 80, count, atOnce: 5 })
    const servers = answers.map(({ error, status, body }) => {
      assert.equal(error, undefined)
      assert.equal(status, 200)
      const [server, seen] = body.split(' ')
      const { balancer } = backends.find(({ name }) => name === server)
      assert.ok(seen.startsWith(`${balancer}:`), `${server} saw ${seen} instead of the balancer`)
      return server
    })
    assertBalanced(servers, 'connections')
  }

  const assertUdp = async (count) => {
    const answers = await client.call('udp', { host: vip, port: 53, count })
    for (const { error, intact, from } of answers)
      assert.deepEqual({ error, intact, from }, { error: undefined, intact: true, from: `${vip}:53` })
    assertBalanced(
      answers.map(({ server }) => server),
      'datagrams',
    )
  }

  const assertTransfers = async () => {
    const results = await client.call('transfer', { host: vip, port: 80, count: 4, size: 100_000 })
    for (const result of results)
      assert.deepEqual({ ...result, server: '' }, { server: '', bytes: 100_000, same: true })
  }

  await check('up without a module that it takes says which package to install, and leaves nothing', () =>
    withoutModules(['nf_nat', 'nft_chain_nat'], async () => {
      const result = await run(lb, ...balancing)
      assert.equal(result.code, 5, describe(result))
      assert.match(
        result.stderr,
        /^error: the kernel that runs here .* has no modules nf_nat, nft_chain_nat$/m,
      )
      assert.match(result.stderr, /^hint: .*: apt install --reinstall linux-(image|modules)-/m)
      assert.deepEqual(await snapshot(), before)
    }),
  )

  let way
  await check(
    'up',
    async () => {
      const result = await succeedJson(lb, ...balancing, '--json')
      assert.equal(result.outcome, 'attached')
      way = result.translation.way
      report({ event: 'facts', attached: result.mode, translation: way })
    },
    { vital: true },
  )

  await check('HTTP: new connections are balanced and translated both ways', () => assertHttp(30))
  await check('UDP: datagrams are balanced and answered by the service', () => assertUdp(12))

  await check('status shows the services and their traffic', async () => {
    const { services, interfaces } = await succeedJson(lb, 'status', '--json')
    assert.deepEqual(
      interfaces.map(({ name }) => name),
      ['eth0'],
    )
    const connections = (name) =>
      services.find((one) => one.service === name).backends.reduce((sum, one) => sum + one.connections, 0)
    assert.equal(connections('tcp/80'), 30)
    assert.ok(connections('udp/53') >= 12, `${connections('udp/53')} of 12 UDP flows counted`)
    assert.match(await succeed(lb, 'status'), /tcp\/80/)
  })

  await check('features says what the kernel has, and up has used it', async () => {
    const answers = await succeedJson(lb, 'features', '--json')
    checkAnswers(answers)
    checkText(await succeed(lb, 'features'))
    const has = (name) => answers.find(({ feature }) => feature === name).supported
    const [{ mode, translation }] = (await succeedJson(lb, 'status', '--json')).interfaces
    assert.equal(mode, has('tcx') ? 'tcx' : 'clsact')
    const writes = has('nat-info-types') && has('nat-info-writes') && has('mark-writes')
    assert.equal(translation.way, writes ? 'kfunc' : 'mark', translation.why)
  })

  await check('data arrives whole in both directions', assertTransfers)

  const open = await Promise.all([connect(), connect(), connect()])
  await check('flows lists the open connections', async () => {
    const flows = await succeedJson(lb, 'flows', '--json')
    for (const { server, localPort } of open) {
      const { address, balancer } = backends.find(({ name }) => name === server)
      const flow = flows.find((one) => one.client === `10.1.0.2:${localPort}` && one.vip === `${vip}:7`)
      assert.equal(flow?.backend, `${address}:7000`)
      assert.ok(flow.source.startsWith(`${balancer}:`), `${flow.source} is not the balancer’s address`)
      assert.equal(flow.replied, true)
    }
  })

  await check('a drained backend keeps its connection and gets no new one', async () => {
    await succeed(lb, 'backend', 'drain', '7', `${backends[0].address}:7000`)
    const fresh = await Promise.all(Array.from({ length: 8 }, connect))
    const counts = tally(fresh.map(({ server }) => server))
    assert.deepEqual(counts, { b1: 0, b2: 4, b3: 4 })
    for (const connection of open) await assertAlive(connection, 'still there')
    for (const { id } of fresh) await client.call('close', { id })
  })

  await check('a second up replaces the program; open connections go on', async () => {
    const { outcome } = await succeedJson(lb, ...balancing, '--json')
    assert.equal(outcome, 'replaced')
    for (const connection of open) await assertAlive(connection, 'and still')
    await assertHttp(12)
  })

  if (way === 'kfunc')
    await check('up --translate mark: netfilter translates; all behaves as before', async () => {
      const result = await succeedJson(lb, ...balancing, '--translate', 'mark', '--json')
      assert.equal(result.outcome, 'replaced')
      assert.equal(result.translation.way, 'mark')
      for (const connection of open) await assertAlive(connection, 'as ever')
      await assertHttp(30)
      await assertUdp(12)
      await assertTransfers()
      for (const { id } of [await connect(), await connect()]) await assertAlive({ id }, 'new')
    })

  await tryProgramTypes()

  await check('down leaves nothing', async () => {
    await succeed(lb, 'down')
    // The kernel frees programs and maps a little later.
    const deadline = Date.now() + 30_000
    for (;;) {
      const after = await snapshot()
      try {
        assert.deepEqual(after, before)
        return
      } catch (error) {
        if (Date.now() > deadline) throw error
        await sleep(500)
      }
    }
  })
}

try {
  report({ event: 'started' })
  const lab = await makeLab()
  report({ event: 'ready' })
  await (parameters.suite === 'refuse' ? refuse() : balance(lab))
} catch (error) {
  if (!(error instanceof Aborted))
    report({ event: 'check', name: 'the suite itself', ok: false, problem: error.stack ?? String(error) })
}
report({ event: 'end' })
process.exit(0)
