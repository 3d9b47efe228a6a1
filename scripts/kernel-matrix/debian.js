// Packages of any architecture from the Debian mirror that this machine uses, through an apt configuration of our own:
// the system's package lists are neither used nor changed, and nothing is installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { compareReleases } from './kernels.js'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const debianSuite =
  /^(?:bullseye|bookworm|trixie|forky|duke|stable|testing|sid|unstable)(?:-(?:updates|backports|security))?$/

/** The package lists of some suites, for one architecture. */
export class DebianPackages {
  #environment
  #names = []
  /** Why the lists are not today's; undefined when they are. */
  problem

  /** Reads the lists anew; without a network those of the last time. */
  constructor(cache, suites, architecture) {
    const root = join(cache, 'apt', architecture)
    for (const directory of ['lists/partial', 'cache/archives/partial', 'state'])
      mkdirSync(join(root, directory), { recursive: true })
    const mirrors = findMirrors()
    if (mirrors.archive === undefined) {
      this.problem = 'this machine’s apt configuration names no Debian mirror'
      return
    }
    const sources = suites.flatMap((suite) => {
      const mirror = suite.endsWith('-security') ? mirrors.security : mirrors.archive
      return mirror === undefined
        ? []
        : [`deb [arch=${architecture} signed-by=${keyring}] ${mirror} ${suite} main\n`]
    })
    writeFileSync(join(root, 'sources.list'), sources.join(''))
    writeFileSync(join(root, 'apt.conf'), configuration(root, architecture))
    this.#environment = { ...process.env, APT_CONFIG: join(root, 'apt.conf') }
    try {
      // A list that cannot be had is an error of apt's, but the others are there.
      this.#apt('apt-get', ['update', '-o', 'APT::Update::Error-Mode=any'])
    } catch (error) {
      this.problem = `the mirror cannot be reached, or not in whole (${error.message})`
    }
    this.#names = this.#apt('apt-cache', ['pkgnames', 'linux-']).split('\n')
  }

  /** The newest kernel that matches, or undefined. */
  newest(pattern) {
    const release = this.#names
      .filter((name) => name.startsWith('linux-image-'))
      .map((name) => name.slice('linux-image-'.length))
      .filter((name) => pattern.test(name))
      .sort(compareReleases)
      .at(-1)
    if (release === undefined) return undefined
    const [line = ''] = this.#apt('apt-cache', ['madison', `linux-image-${release}`]).split('\n')
    const version = line.split('|')[1]?.trim()
    return version === undefined ? undefined : { release, version }
  }

  /** The packages of a kernel, as far as they exist. */
  ofKernel(release) {
    // From 6.19 on the image package holds nothing: the kernel and its modules have packages of their own.
    return ['image', 'binary', 'modules', 'base']
      .map((part) => `linux-${part}-${release}`)
      .filter((name) => this.#names.includes(name))
  }

  /** Packages and all that they depend on, in the versions of a suite. @returns each as `name=version` */
  withDependencies(names, suite) {
    const plan = this.#apt('apt-get', ['install', '--simulate', '--target-release', suite, ...names])
    return [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name}=${version}`)
  }

  /** Unpacks packages into a new directory. @returns its path */
  unpack(packages, directory) {
    const downloads = mkdtempSync(join(directory, 'packages-'))
    const tree = mkdtempSync(join(directory, 'tree-'))
    this.#apt('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...packages], downloads)
    for (const file of readdirSync(downloads))
      execFileSync('dpkg-deb', ['--extract', join(downloads, file), tree], { stdio: 'pipe' })
    rmSync(downloads, { recursive: true })
    return tree
  }

  /** Runs a command of apt's on our lists. @returns what it printed */
  #apt(command, args, cwd = '/') {
    if (this.#environment === undefined) throw new Error(this.problem)
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      timeout: 300_000,
      env: this.#environment,
    })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${command} ${args[0]}: ${stderr.trim().split('\n').at(-1)}`)
    return stdout
  }
}

function configuration(root, architecture) {
  return `APT::Architecture "${architecture}";
APT::Architectures "${architecture}";
APT::Install-Recommends "false";
Dir::Etc::sourcelist "${root}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "${root}/state";
Dir::State::lists "${root}/lists";
Dir::State::status "/dev/null";
Dir::Cache "${root}/cache";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
`
}

/**
 * The mirrors in the machine's own configuration, in either of apt's formats. On a system that is not Debian's,
 * DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR name them.
 */
function findMirrors() {
  const { DEBIAN_MIRROR: archive, DEBIAN_SECURITY_MIRROR: security } = process.env
  const result = { archive, security }
  for (const { uri, suite } of configuredSources()) {
    if (!debianSuite.test(suite)) continue
    if (suite.endsWith('-security')) result.security ??= uri
    else result.archive ??= uri
  }
  return result
}

function configuredSources() {
  const directory = '/etc/apt/sources.list.d'
  const files = existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : []
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return file.endsWith('.sources') ? readStanzas(text) : readLines(text)
    })
}

/** `deb [options] URI SUITE main …` */
function readLines(text) {
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b/gm)].map(
    ([, uri = '', suite = '']) => ({ uri, suite }),
  )
}

/** Stanzas of `URIs: …`, `Suites: …`, `Components: …`; see sources.list(5). */
function readStanzas(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) =>
      new RegExp(`^${name}:[ \\t]*(.*)$`, 'mi').exec(stanza)?.[1]?.trim().split(/\s+/) ?? []
    const [uri] = field('URIs')
    if (uri === undefined || uri === '' || !field('Components').includes('main')) return []
    return field('Suites').map((suite) => ({ uri, suite }))
  })
}
