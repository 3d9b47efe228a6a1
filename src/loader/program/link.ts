import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { linkTypes } from '../bpf/constants.ts'
import { Fd } from '../bpf/fd.ts'
import { type LinkInfo, linkInfo } from '../bpf/info.ts'
import { linkDetach, linkUpdate } from '../bpf/link-commands.ts'
import { objectById, objectPin } from '../bpf/object-commands.ts'
import { openAs } from '../bpf/open-object.ts'
import { type BpfSyscall, kernelBpf } from '../bpf/syscall.ts'

/** Kinds of link, by bpftool's names. */
export type LinkType = keyof typeof linkTypes

/** A program on its way to a hook: what attaching needs of it. */
export interface AttachableProgram {
  readonly fd: Fd
  readonly name: string
}

/**
 * A link: a program where it is attached. Owns its file descriptor: closing that detaches the program, unless the
 * link is pinned.
 */
export class BpfLink {
  readonly fd: Fd
  readonly #what: string
  readonly #bpf: BpfSyscall

  private constructor(fd: Fd, what: string, bpf: BpfSyscall) {
    this.fd = fd
    this.#what = what
    this.#bpf = bpf
  }

  /** Takes over the descriptor of a link. @param what what it is, for messages: `xdp link` */
  static own(fd: Fd, what: string, bpf: BpfSyscall = kernelBpf): BpfLink {
    return new BpfLink(fd, what, bpf)
  }

  /**
   * Opens the link pinned at `path`.
   *
   * @param type the kind of link that it must be; any when absent
   * @throws {TsbpfError} `PIN_KIND` when something else is pinned there
   * @throws {BpfError} ENOENT when nothing is
   */
  static openPinned(path: string, type?: LinkType, bpf: BpfSyscall = kernelBpf): BpfLink {
    return BpfLink.#checked(openAs(bpf, 'link', path), bpf, (actual) => {
      if (type !== undefined && actual !== type)
        throw new TsbpfError('PIN_KIND', `${path} is the pin of a ${actual} link, not of a ${type} link`)
    })
  }

  /** Opens a link by the kernel's number. @returns undefined when there is none */
  static openId(id: number, bpf: BpfSyscall = kernelBpf): BpfLink | undefined {
    const number = objectById(bpf, 'link', id)
    return number === undefined
      ? undefined
      : BpfLink.#checked(new Fd(number, `link id ${id}`, bpf), bpf, () => {})
  }

  static #checked(fd: Fd, bpf: BpfSyscall, check: (type: string) => void): BpfLink {
    try {
      const type = linkTypeName(linkInfo(bpf, { fd: fd.number, what: 'link' }).type)
      check(type)
      return new BpfLink(fd, `${type} link`, bpf)
    } catch (error) {
      fd.close()
      throw error
    }
  }

  /** Its program, and what it is attached to; that is 0 once it is gone or the link detached. */
  info(): LinkInfo {
    return linkInfo(this.#bpf, this.#handle())
  }

  /** The kernel's number for the link, as `bpftool link` shows. */
  get id(): number {
    return this.info().id
  }

  /**
   * Puts another program in the place of the present one; nothing passes without one of the two. Links of tcx, XDP,
   * cgroups and network namespaces can do that.
   *
   * @param expected the program that must be the present one
   * @throws {BpfError} EPERM when it is not, ENOLINK when the link is detached, EINVAL for other kinds of link
   */
  update(program: { readonly fd: Fd }, expected?: { readonly fd: Fd }): void {
    linkUpdate(this.#bpf, this.#handle(), program.fd.number, expected?.fd.number)
  }

  /**
   * Takes the program off what it is attached to, for every holder of the link and despite pins. Links of tcx, XDP,
   * cgroups and network namespaces can do that.
   *
   * @throws {BpfError} EOPNOTSUPP for other kinds of link: close them and remove their pins
   */
  detach(): void {
    linkDetach(this.#bpf, this.#handle())
  }

  /** Gives the link a path under bpffs, whose directory must exist; the program then stays attached. */
  pin(path: string): void {
    objectPin(this.#bpf, this.fd.number, path, this.#what)
  }

  /** Closes the file descriptor, which detaches the program unless the link is pinned. Safe to call twice. */
  close(): void {
    this.fd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #handle(): { fd: number; what: string } {
    return { fd: this.fd.number, what: this.#what }
  }
}

/** The name of a link type's number, as bpftool has it. */
export function linkTypeName(number: number): string {
  return Object.entries(linkTypes).find(([, value]) => value === number)?.[0] ?? `type ${number}`
}
