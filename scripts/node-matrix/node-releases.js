import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { run } from './checks.js'

/**
 * Releases of Node.js, from the npm packages that hold nothing but its binary for one system (the package `node`
 * installs one of them by an install script; here no script runs). Kept between runs; without a network the ones
 * of the last time are used.
 *
 * @param releases versions as npm takes them: `22` is the newest 22
 * @returns for each its `version` and `program`; and those that are `missing`, with the `reason`
 */
export function provideNodes(cache, releases) {
  mkdirSync(cache, { recursive: true })
  // Without a manifest of its own npm would install into a directory further up.
  writeFileSync(join(cache, 'package.json'), '{ "private": true }\n')
  const binaries = `node-${process.platform}-${process.arch}`
  const nodes = []
  const missing = []
  for (const release of releases) {
    const name = `node-${release}`
    const install = [
      'install',
      '--ignore-scripts',
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
    ]
    const place = join(cache, name)
    const { code, stderr } = run('npm', [...install, '--prefix', place, `${binaries}@${release}`])
    const program = join(place, 'node_modules', binaries, 'bin/node')
    if (!existsSync(program)) {
      missing.push({ release, reason: code === 0 ? 'its package holds no binary' : complaint(stderr) })
      continue
    }
    if (code !== 0) console.log(`  Node ${release} may not be the newest: ${complaint(stderr)}`)
    nodes.push({ version: run(program, ['--version']).stdout.trim(), program })
  }
  return { nodes, missing }
}

/** What npm says was wrong, without where it keeps its log. */
function complaint(stderr) {
  const lines = stderr.split('\n').filter((line) => /^npm (error|ERR!) (?!A complete log)/.test(line))
  return lines.join('; ') || stderr.trim()
}
