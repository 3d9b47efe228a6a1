// The programs a guest boots into: Debian's, of the guest's architecture, with their libraries.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CpioArchive } from './cpio.js'

/** All come from one release: the oldest that has a kernel to try, with a C library that runs on all of them. */
export const userlandSuite = 'bookworm'

/** Programs by the package they are in. */
const programs = {
  busybox: 'busybox-static',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  bpftool: 'bpftool',
}
/** For Node.js, whose package holds nothing but its binary. */
const libraries = ['libc6', 'libstdc++6']

/**
 * An archive of the programs: from the cache if the packages are the same, else from the mirror.
 *
 * @param packages the lists of the guest's architecture
 * @returns its `file`, and a `note` when it may not be the newest; or, if there is none, the `reason`
 */
export function provideUserland(cache, packages, architecture) {
  const file = join(cache, `userland-${architecture}.cpio`)
  const stamp = `${file}.packages`
  const cached = existsSync(file) && existsSync(stamp)
  try {
    const wanted = packages.withDependencies(
      [...new Set([...Object.values(programs), ...libraries])],
      userlandSuite,
    )
    // This file says what goes into the archive.
    const recipe = createHash('sha256')
      .update(readFileSync(import.meta.filename))
      .digest('hex')
    const description = `${[...wanted.toSorted(), recipe].join('\n')}\n`
    if (!cached || readFileSync(stamp, 'utf8') !== description) {
      rmSync(stamp, { force: true })
      make(cache, packages, wanted, file)
      writeFileSync(stamp, description)
    }
    return { file }
  } catch (error) {
    const problem = `programs for ${architecture} could not be fetched: ${error.message}`
    return cached ? { file, note: problem } : { reason: packages.problem ?? problem }
  }
}

function make(cache, packages, names, file) {
  const work = mkdtempSync(join(cache, 'userland-'))
  try {
    const tree = packages.unpack(names, work)
    const archive = new CpioArchive(join(work, 'archive'))
    for (const directory of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'usr/bin', 'usr/sbin'])
      archive.directory(directory)
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      archive.directory(`usr/${name}`)
      archive.link(name, `usr/${name}`)
    }
    for (const name of Object.keys(programs)) archive.copy(`usr/sbin/${name}`, findProgram(tree, name))
    for (const directory of ['lib', 'lib64', 'usr/lib']) copyLibraries(archive, tree, directory)
    // The kernel runs /sbin/modprobe when it wants a module, and `env` starts the package's command.
    archive.link('usr/sbin/modprobe', 'busybox')
    for (const name of ['env', 'sh']) archive.link(`usr/bin/${name}`, '../sbin/busybox')
    archive.file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
    archive.file('etc/hosts', '127.0.0.1 localhost\n')
    archive.file('etc/os-release', 'ID=debian\n')
    archive.close()
    renameSync(join(work, 'archive'), file)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function findProgram(tree, name) {
  const found = ['bin', 'sbin', 'usr/bin', 'usr/sbin']
    .map((directory) => join(tree, directory, name))
    .find(existsSync)
  if (found === undefined) throw new Error(`no package holds ${name}`)
  return found
}

/** The shared libraries of a directory and of the one below it that is the architecture's; not their plug-ins. */
function copyLibraries(archive, tree, directory) {
  const source = join(tree, directory)
  if (!existsSync(source)) return
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory() && entry.name.endsWith('-linux-gnu')) copyLibraries(archive, tree, path)
    // On a merged /usr, /lib/x and /usr/lib/x are one file.
    else if (/\.so(\.|$)/.test(entry.name))
      archive.copyEntry(path.replace(/^(?!usr\/)/, 'usr/'), source, entry)
  }
}
