// What a guest boots into besides its kernel's modules: programs, copied from this machine with their libraries, and
// the package under test.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { project } from '../pack.js'
import { CpioArchive } from './cpio.js'

/** Programs of the host that the guest needs; `node` is the one that runs this. */
const guestTools = ['busybox', 'ip', 'tc', 'nft', 'bpftool']

/** Commands that this machine needs besides, and the Debian packages they are in. */
const hostTools = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  bpftool: 'bpftool',
  xz: 'xz-utils',
  ldd: 'libc-bin',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
}

/** The Debian packages that have to be installed before the matrix can run. */
export function missingPackages() {
  const missing = Object.entries(hostTools).filter(([tool]) => findProgram(tool) === undefined)
  return [...new Set(missing.map(([, name]) => name))]
}

/** Writes node, tools, their libraries and the start script. */
export function writeUserland(path) {
  const archive = new CpioArchive(path)
  for (const directory of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'usr/bin', 'usr/sbin'])
    archive.directory(directory)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    archive.directory(`usr/${name}`)
    archive.link(name, `usr/${name}`)
  }
  const copied = new Set()
  const copy = (source, to = source) => {
    // On a merged /usr, /lib/x and /usr/lib/x are one file.
    const place = to.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/')
    if (copied.has(place)) return
    copied.add(place)
    archive.copy(place, source)
  }
  const programs = [...guestTools.map((name) => [name, findProgram(name)]), ['node', process.execPath]]
  for (const [name, found] of programs) {
    const file = realpathSync(found)
    copy(file, `/usr/sbin/${name}`)
    for (const library of sharedLibraries(file)) copy(library)
  }
  // The kernel runs /sbin/modprobe when it wants a module, and `env` starts the package's command.
  archive.link('usr/sbin/modprobe', 'busybox')
  for (const name of ['env', 'sh']) archive.link(`usr/bin/${name}`, '../sbin/busybox')
  archive.file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
  archive.file('etc/hosts', '127.0.0.1 localhost\n')
  archive.copy('init', join(import.meta.dirname, 'guest/init'))
  archive.close()
}

/** Writes the package as npm would install it from its tarball, and the suite that tries it. */
export function writePackage(path, tarball, scratch) {
  execFileSync('tar', ['-xzf', tarball, '-C', scratch])
  const manifest = join(scratch, 'package/package.json')
  const modules = 'app/node_modules'
  const archive = new CpioArchive(path)
  for (const [command, file] of Object.entries(JSON.parse(readFileSync(manifest, 'utf8')).bin)) {
    chmodSync(join(scratch, 'package', file), 0o755)
    archive.link(`usr/bin/${command}`, `/${modules}/tsbpf-lb/${file}`)
  }
  archive.copyTree(`${modules}/tsbpf-lb`, join(scratch, 'package'))
  for (const name of runtimeDependencies(manifest))
    archive.copyTree(`${modules}/${name}`, join(project, 'node_modules', name))
  archive.copyTree('suite', join(import.meta.dirname, 'guest'))
  archive.copy('suite/peer-process.js', join(project, 'test/kernel/support/peer-process.js'))
  archive.file('suite/package.json', '{ "type": "module" }\n')
  archive.close()
}

/** A program's path, or undefined. */
function findProgram(name) {
  const directories = `${process.env.PATH}:/usr/sbin:/sbin`.split(':')
  return directories.map((directory) => join(directory, name)).find(existsSync)
}

/** What the dynamic linker would load. */
function sharedLibraries(program) {
  const { status, stdout } = spawnSync('ldd', [program], { encoding: 'utf8' })
  // "not a dynamic executable"
  if (status !== 0) return []
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path)
}

/** The names of the packages that a package needs at run time, where this tree has them. */
function runtimeDependencies(manifestPath, found = new Set()) {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(manifestPath, 'utf8'))
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const manifest = join(project, 'node_modules', name, 'package.json')
    // Prebuilt binaries for other systems are not here.
    if (found.has(name) || !existsSync(manifest)) continue
    found.add(name)
    runtimeDependencies(manifest, found)
  }
  return found
}
