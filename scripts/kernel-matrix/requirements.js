import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { architectures } from './architectures.js'

/** Commands that this machine needs, and the Debian packages they are in. */
const tools = {
  busybox: 'busybox-static',
  xz: 'xz-utils',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
}
const emulators = { amd64: 'qemu-system-x86', arm64: 'qemu-system-arm' }

/** The Debian packages that have to be installed before guests of these architectures can run. */
export function missingPackages(wanted) {
  const needed = { ...tools }
  for (const architecture of wanted) needed[architectures[architecture].qemu] = emulators[architecture]
  return Object.entries(needed)
    .filter(([tool]) => !isInstalled(tool))
    .map(([, name]) => name)
}

function isInstalled(tool) {
  const directories = `${process.env.PATH}:/usr/sbin:/sbin`.split(':')
  return directories.some((directory) => existsSync(join(directory, tool)))
}
