import type { ModuleFiles } from './modules.ts'

/** What to do on this machine so that its kernel has these modules: a sentence or two. */
export function moduleAdvice(modules: readonly string[], files: ModuleFiles): string {
  const { release, installed, otherReleases, distribution } = files
  const load = `modprobe -a ${modules.join(' ')}`
  if (modules.every((name) => installed?.has(name) === true)) return `Load what is installed: ${load}`
  const [other] = otherReleases
  if (installed === undefined && other !== undefined)
    return `This machine has the modules of another kernel, ${other}: it was updated, and has to be rebooted.`
  // Without any modules this may be a container, which has those of its host.
  const place = installed === undefined ? ' (of a container: on its host)' : ''
  const known = installation(distribution, release)
  if (known === undefined) return `Install all modules of this kernel${place}, then load them: ${load}`
  const { packages, command, takesReboot } = known
  const after = takesReboot === true ? 'then reboot' : `then load them: ${load}`
  return `Install ${packages}${place}: ${command}; ${after}`
}

interface Installation {
  /** In words. */
  readonly packages: string
  readonly command: string
  /** The command may bring another release of the kernel. */
  readonly takesReboot?: true
}

/** How a distribution is told to install the modules of a release. By `ID` of os-release(5), then by what it is like. */
function installation(distribution: string, release: string): Installation | undefined {
  const field = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(distribution)?.[1] ?? ''
  return [field('ID'), ...field('ID_LIKE').split(' ')]
    .map((id) => installations.get(id)?.(release))
    .find((found) => found !== undefined)
}

function debian(release: string): Installation {
  // Of these two the first has held the modules since 6.19, by which time the second depends on it.
  const [major = 0, minor = 0] = release.split('.').map(Number)
  const part = major > 6 || (major === 6 && minor >= 19) ? 'modules' : 'image'
  return {
    packages: 'the kernel’s package anew',
    command: `apt install --reinstall linux-${part}-${release}`,
  }
}

function ubuntu(release: string): Installation {
  return {
    packages: 'the rest of the kernel’s modules',
    command: `apt install linux-modules-extra-${release}`,
  }
}

function fedora(release: string): Installation {
  const parts = release.includes('uek')
    ? ['kernel-uek-modules', 'kernel-uek-modules-extra-netfilter']
    : ['kernel-modules-core', 'kernel-modules', 'kernel-modules-extra']
  return {
    packages: 'the kernel’s packages of modules',
    command: `dnf install ${parts.map((name) => `${name}-${release}`).join(' ')}`,
  }
}

function suse(): Installation {
  const packages = 'the kernel with all modules, instead of kernel-default-base'
  return { packages, command: 'zypper install kernel-default', takesReboot: true }
}

function alpine(release: string): Installation {
  // 6.12.13-0-virt is of linux-virt.
  const flavour = /-([a-z]+)$/.exec(release)?.[1] ?? 'lts'
  return { packages: 'the kernel’s package', command: `apk add linux-${flavour}`, takesReboot: true }
}

function arch(release: string): Installation {
  // 6.12.13-1-lts is of linux-lts, 6.13.1-arch1-1 of linux.
  const flavour = /-(lts|zen|hardened)$/.exec(release)?.[0] ?? ''
  return { packages: 'the kernel’s package', command: `pacman -S linux${flavour}`, takesReboot: true }
}

const installations: ReadonlyMap<string, (release: string) => Installation> = new Map([
  ['debian', debian],
  ['ubuntu', ubuntu],
  ['fedora', fedora],
  ['rhel', fedora],
  ['suse', suse],
  ['opensuse', suse],
  ['alpine', alpine],
  ['arch', arch],
])
