import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { CpioArchive } from './cpio.js'

/**
 * Writes an archive of the named modules of a kernel, with what they depend on. Names that are built in, or that this
 * kernel does not have, are left out.
 *
 * @param tree where the kernel's packages are unpacked
 * @param scratch an empty directory for what is made on the way
 */
export function writeModules(path, tree, release, names, scratch) {
  const roots = ['lib/modules', 'usr/lib/modules'].map((directory) => join(tree, directory, release))
  const source = roots.find((root) => existsSync(join(root, 'kernel')))
  if (source === undefined) throw new Error(`the packages of ${release} hold no modules`)
  const place = join(scratch, 'lib/modules', release)
  const files = new Map(moduleFiles(source).map((file) => [moduleName(file), file]))
  const wanted = [...names]
  for (const name of wanted) {
    const file = files.get(name)
    if (file === undefined) continue
    files.delete(name)
    const image = file.endsWith('.xz')
      ? execFileSync('xz', ['--decompress', '--stdout', file], { maxBuffer: 64 << 20 })
      : readFileSync(file)
    const target = join(place, relative(source, file).replace(/\.xz$/, ''))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, image)
    wanted.push(...dependencies(image))
  }
  for (const list of ['modules.builtin', 'modules.order'])
    if (existsSync(join(source, list))) writeFileSync(join(place, list), readFileSync(join(source, list)))
  execFileSync('busybox', ['depmod', '-b', scratch, release], { stdio: 'pipe' })
  const archive = new CpioArchive(path)
  archive.copyTree(`usr/lib/modules/${release}`, place)
  archive.close()
}

function moduleFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return moduleFiles(path)
    return /\.ko(\.xz)?$/.test(entry.name) ? [path] : []
  })
}

/** Modules are named with underscores, whatever their file is called. */
function moduleName(file) {
  return basename(file)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')
}

/** The modules whose symbols a module uses: `depends=a,b` in its .modinfo section. */
function dependencies(image) {
  const key = '\0depends='
  const start = image.indexOf(key)
  if (start < 0) return []
  const names = image.toString('latin1', start + key.length, image.indexOf(0, start + key.length))
  return names.split(',').map((name) => name.replaceAll('-', '_'))
}
