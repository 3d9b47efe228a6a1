import { join } from 'node:path'
import process from 'node:process'
import { provideNpmPackage } from '../npm-package.js'

/**
 * Releases of Node.js, from the npm packages that hold nothing but its binary for one system (the package `node`
 * installs one of them by an install script; here no script runs).
 *
 * @param releases versions as npm takes them: `22` is the newest 22
 * @returns for each its `version` and `program`; and those that are `missing`, with the `reason`
 */
export function provideNodes(cache, releases) {
  const nodes = []
  const missing = []
  for (const release of releases) {
    const { directory, version, note, reason } = provideNpmPackage(
      cache,
      `node-${process.platform}-${process.arch}`,
      release,
    )
    if (note !== undefined) console.log(`  ${note}`)
    if (reason !== undefined) missing.push({ release, reason })
    else nodes.push({ version: `v${version}`, program: join(directory, 'bin/node') })
  }
  return { nodes, missing }
}
