// What a guest boots into besides Debian's programs and its kernel's modules: Node.js, the package under test as npm
// installs it there, and the suite that tries it.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { provideNpmPackage } from '../npm-package.js'
import { project } from '../pack.js'
import { architectures } from './architectures.js'
import { CpioArchive } from './cpio.js'

/**
 * Writes an archive of it into a directory.
 *
 * @returns the archive's `file`, and `notes` on what may not be the newest; or, if it cannot be made, the `reason`
 */
export function providePackage(cache, architecture, tarball, directory) {
  const { node: cpu } = architectures[architecture]
  const [major] = process.versions.node.split('.')
  const node = provideNpmPackage(cache, `node-linux-${cpu}`, major, cpu)
  if (node.reason !== undefined) return { reason: node.reason }
  const scratch = mkdtempSync(join(directory, 'package-'))
  execFileSync('tar', ['-xzf', tarball, '-C', scratch])
  const unpacked = join(scratch, 'package')
  const dependencies = new Dependencies(cache, cpu)
  dependencies.add(unpacked)
  if (dependencies.missing.length > 0) return { reason: dependencies.missing.join('; ') }

  const modules = 'app/node_modules'
  const file = join(directory, `package-${architecture}.cpio`)
  const archive = new CpioArchive(file)
  archive.copy('usr/sbin/node', join(node.directory, 'bin/node'))
  for (const [command, path] of Object.entries(readManifest(unpacked).bin)) {
    chmodSync(join(unpacked, path), 0o755)
    archive.link(`usr/bin/${command}`, `/${modules}/tsbpf-lb/${path}`)
  }
  archive.copyTree(`${modules}/tsbpf-lb`, unpacked)
  for (const [name, source] of dependencies.found) archive.copyTree(`${modules}/${name}`, source)
  archive.copy('init', join(import.meta.dirname, 'guest/init'))
  archive.copyTree('suite', join(import.meta.dirname, 'guest'))
  archive.copy('suite/peer-process.js', join(project, 'test/kernel/support/peer-process.js'))
  archive.file('suite/package.json', '{ "type": "module" }\n')
  archive.close()
  return { file, notes: node.note === undefined ? [] : [node.note] }
}

/** What a package needs at run time: as this tree has it, with the binaries of another architecture. */
class Dependencies {
  /** Directories by name. */
  found = new Map()
  /** Why a binary is not to be had. */
  missing = []
  #cache
  #cpu

  constructor(cache, cpu) {
    this.#cache = cache
    this.#cpu = cpu
  }

  /** Adds what the package in `directory` needs. */
  add(directory) {
    const { dependencies = {}, optionalDependencies = {} } = readManifest(directory)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (this.found.has(name)) continue
      const place = this.#find(name, optionalDependencies[name])
      if (place === undefined) continue
      this.found.set(name, place)
      this.add(place)
    }
  }

  /** `release`: of an optional dependency. Those are binaries, each for one system, and this tree has only its own. */
  #find(name, release) {
    const own = join(project, 'node_modules', name)
    if (release === undefined) return own
    if (!name.endsWith(`-linux-${this.#cpu}`)) return undefined
    if (existsSync(own)) return own
    const { directory, reason } = provideNpmPackage(this.#cache, name, release, this.#cpu)
    if (reason !== undefined) this.missing.push(reason)
    return directory
  }
}

function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}
