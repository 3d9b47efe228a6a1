import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { compareReleases, modules } from './kernels.js'
import { writeModules } from './modules.js'

/**
 * The newest kernel of a line of the matrix: from the cache if it is there, else from the mirror. What it replaces is
 * removed.
 *
 * @returns its `release`, package `version`, files `image` and `modules`, and a `note` when it may not be the newest;
 *   or, if there is none, the `reason`
 */
export function provideKernel(cache, packages, { release: pattern }) {
  const store = join(cache, 'kernels')
  mkdirSync(store, { recursive: true })
  const cached = readdirSync(store)
    .filter((name) => pattern.test(name))
    .sort(compareReleases)
  const newest = packages.newest(pattern)
  let note
  if (newest !== undefined && readVersion(store, newest.release) !== newest.version) {
    try {
      fetchKernel(store, packages, newest)
      for (const old of cached)
        if (old !== newest.release) rmSync(join(store, old), { recursive: true, force: true })
    } catch (error) {
      note = `${newest.release} could not be fetched: ${error.message}`
    }
  }
  const releases = [newest?.release, ...cached.toReversed()]
  const release = releases.find((name) => name !== undefined && readVersion(store, name) !== undefined)
  if (release === undefined) return { reason: note ?? packages.problem ?? 'the mirror has no such package' }
  const directory = join(store, release)
  return {
    release,
    version: readVersion(store, release),
    image: join(directory, 'vmlinuz'),
    modules: join(directory, 'modules.cpio'),
    note,
  }
}

/** The package version of a cached kernel; undefined when it is not (wholly) there. */
function readVersion(store, release) {
  const file = join(store, release, 'version')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

function fetchKernel(store, packages, { release, version }) {
  const work = mkdtempSync(join(store, 'fetching-'))
  try {
    const tree = packages.unpack(packages.ofKernel(release), work)
    const made = join(work, 'kernel')
    mkdirSync(made)
    const image = [`boot/vmlinuz-${release}`, `usr/lib/modules/${release}/vmlinuz`]
      .map((path) => join(tree, path))
      .find(existsSync)
    if (image === undefined) throw new Error('its packages hold no vmlinuz')
    copyFileSync(image, join(made, 'vmlinuz'))
    writeModules(join(made, 'modules.cpio'), tree, release, modules, mkdtempSync(join(work, 'modules-')))
    writeFileSync(join(made, 'version'), `${version}\n`)
    rmSync(join(store, release), { recursive: true, force: true })
    renameSync(made, join(store, release))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
