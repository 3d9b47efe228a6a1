import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const patience = 300_000

/**
 * A package of the npm registry, installed without running any script of it: also one with a binary for another
 * architecture. Kept between runs; without a network that of the last time is used.
 *
 * @param release a version as npm takes it: `22` is the newest 22
 * @param architecture as `process.arch` names it
 * @returns its `directory` and `version`, and a `note` when it may not be the newest; or, if there is none, the `reason`
 */
export function provideNpmPackage(cache, name, release, architecture = process.arch) {
  const place = join(cache, `${name.replace('/', '+')}-${release}`)
  const directory = join(place, 'node_modules', name)
  if (readVersion(directory) === release) return { directory, version: release }
  mkdirSync(place, { recursive: true })
  // Without a manifest of its own npm would install into a directory further up.
  writeFileSync(join(place, 'package.json'), '{ "private": true }\n')
  const args = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund']
  // For another architecture npm has to be made to.
  const force = architecture === process.arch ? [] : ['--force']
  const { status, error, stderr } = spawnSync(
    'npm',
    ['install', ...args, ...force, '--prefix', place, `${name}@${release}`],
    { cwd: place, encoding: 'utf8', timeout: patience },
  )
  const problem = status === 0 ? undefined : (error?.message ?? complaint(stderr))
  const version = readVersion(directory)
  if (version === undefined) return { reason: problem ?? `npm installed no ${name}` }
  return { directory, version, note: problem && `${name} may not be the newest: ${problem}` }
}

function readVersion(directory) {
  const manifest = join(directory, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
}

/** What npm says was wrong, in short. */
function complaint(stderr) {
  const lines = [...stderr.matchAll(/^npm (?:error|ERR!) (.*)$/gm)].map(([, text]) => text)
  return lines.slice(0, 2).join(', ') || stderr.trim()
}
