// Tries the packed package as npm installs it, with every release of Node.js that it is for.
//
//   node scripts/node-matrix/main.js
//
// The releases come as npm packages. Without a network what needs one is skipped, or failed when CI=true.
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pack } from '../pack.js'
import { Checks, run, succeed } from './checks.js'
import { provideNodes } from './node-releases.js'
import { checkContents, checkWithTools } from './package-checks.js'
import { checkTypes, smokeTest, smokeTestWithoutKoffi } from './smoke.js'

const releases = ['20', '22', '24', 'latest']
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tsbpf-lb/node-matrix')

const checks = new Checks(process.env.CI === 'true')
const work = mkdtempSync(join(tmpdir(), 'tsbpf-lb-nodes-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))

const { tarball, paths } = pack(work)
checkContents(checks, paths)
checkWithTools(checks, tarball)

const installed = join(work, 'installed')
const install = [
  'install',
  '--ignore-scripts',
  '--no-package-lock',
  '--no-audit',
  '--no-fund',
  '--prefix',
  installed,
]
const { code, stderr } = run('npm', [...install, '--prefer-offline', tarball])
const reachable =
  code === 0 || !/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(stderr)
if (!reachable) checks.cannot('installed with --ignore-scripts', 'the npm registry cannot be reached')
else if (checks.check('installed with --ignore-scripts', () => succeed(code, stderr))) {
  const { nodes, missing } = provideNodes(cache, releases)
  for (const { version, program } of nodes) smokeTest(checks, version, program, installed, work)
  for (const { release, reason } of missing) checks.cannot(`Node ${release}`, reason)
  checkTypes(checks, installed)
  smokeTestWithoutKoffi(checks, installed, work)
}
checks.finish()
