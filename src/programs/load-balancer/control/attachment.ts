import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { makePinDirectory, unpin } from '../../../loader/bpf/bpffs.ts'
import type { NetlinkSocket } from '../../../loader/netlink/core/socket.ts'
import { findLink } from '../../../loader/netlink/route/links.ts'
import {
  addBpfFilter,
  addClsact,
  deleteBpfFilter,
  deleteClsact,
  listBpfFilters,
  listQdiscs,
  replaceBpfFilter,
} from '../../../loader/netlink/route/traffic-control.ts'
import { BpfLink } from '../../../loader/program/link.ts'
import { attachTcx, hasTcx } from '../../../loader/program/link-tcx.ts'
import { BpfProgram } from '../../../loader/program/program.ts'
import { InvalidRequestError } from './errors.ts'
import { clsactModules, explained } from './kernel-modules.ts'
import type { Rollback } from './rollback.ts'
import { linkPin } from './state-directory.ts'
import { type AttachMode, attachModes, type Tables } from './tables.ts'
import { type TranslationName, translationName, translations } from './translation.ts'

/** Where a program is, or shall be, attached. */
export interface Place {
  readonly socket: NetlinkSocket
  readonly tables: Tables
  readonly directory: string
  readonly ifindex: number
}

/** An interface that the balancer is up on. */
export interface Attachment {
  readonly ifindex: number
  /** Undefined when the interface is gone. */
  readonly name: string | undefined
  readonly mode: AttachMode
  /** Which translation the program was built for, and why. */
  readonly translation: TranslationName
  /** The program there; undefined when somebody has taken it off, or the interface is gone. */
  readonly programId: number | undefined
}

/** Priority and handle of our clsact filter: few others use so high a priority number, so theirs come first. */
const filterPlace = { direction: 'ingress', priority: 49_152, handle: 0x1b } as const

/**
 * Attaches the program at the interface's ingress, or puts it in the place of the one that an earlier `up` has
 * attached there. Either is one atomic step to the packets that pass.
 */
export function attach(
  place: Place,
  program: BpfProgram,
  wanted: {
    readonly mode: AttachMode | undefined
    readonly linkHeader: number
    readonly translation: TranslationName
  },
  rollback: Rollback,
): { readonly outcome: 'attached' | 'replaced'; readonly mode: AttachMode } {
  const { tables, ifindex } = place
  const translation = translations[wanted.translation].number
  const known = tables.interfaces.get(ifindex)
  if (known !== undefined) {
    const mode = modeName(known.mode)
    if (replace(place, program, mode, rollback)) {
      tables.interfaces.set(ifindex, { ...known, translation })
      rollback.add('the record of the interface', () => tables.interfaces.set(ifindex, known))
      return { outcome: 'replaced', mode }
    }
    forget(place, known.ownsQdisc === 1)
  }
  const mode = wanted.mode ?? (hasTcx() ? 'tcx' : 'clsact')
  const makesQdisc = mode === 'clsact' && !hasClsact(place)
  // Noted before it is done: should this process be killed in between, `down` still finds what to remove.
  const { linkHeader } = wanted
  const ownsQdisc = makesQdisc ? 1 : 0
  tables.interfaces.set(ifindex, { mode: attachModes[mode], ownsQdisc, linkHeader, translation })
  rollback.add('the record of the interface', () => tables.interfaces.delete(ifindex))
  if (mode === 'tcx') attachLink(place, program, rollback)
  else attachFilter(place, program, makesQdisc, rollback)
  return { outcome: 'attached', mode }
}

/** @throws {InvalidRequestError} when the balancer is up on the interface by another way of attaching */
export function checkAttachMode(place: Place, name: string, wanted: AttachMode | undefined): void {
  const known = place.tables.interfaces.get(place.ifindex)
  if (known === undefined || wanted === undefined) return
  const mode = modeName(known.mode)
  if (mode === wanted || attachedProgram(place, mode) === undefined) return
  throw new InvalidRequestError(
    `the load balancer is attached to ${name} by ${mode}, it cannot change to ${wanted} while it is up`,
    `Take it down first: tsbpf-lb down ${name}.`,
  )
}

/** Takes the program off an interface, and what was made for it. */
export function detach(place: Place): void {
  const { tables, ifindex } = place
  const known = tables.interfaces.get(ifindex)
  if (known === undefined) return
  forget(place, known.ownsQdisc === 1)
  tables.interfaces.delete(ifindex)
}

/** The interfaces the balancer is up on, by index. */
export function listAttachments(socket: NetlinkSocket, tables: Tables, directory: string): Attachment[] {
  return [...tables.interfaces]
    .map(([ifindex, { mode, translation }]) => {
      const name = findLink(socket, ifindex)?.name
      const place = { socket, tables, directory, ifindex }
      const programId = name === undefined ? undefined : attachedProgram(place, modeName(mode))
      return { ifindex, name, mode: modeName(mode), translation: translationName(translation), programId }
    })
    .sort((a, b) => a.ifindex - b.ifindex)
}

function attachedProgram(place: Place, mode: AttachMode): number | undefined {
  if (mode === 'clsact') return ourFilter(place)?.programId
  const pin = linkPin(place.directory, place.ifindex)
  if (!existsSync(pin)) return undefined
  using link = BpfLink.openPinned(pin, 'tcx')
  const info = link.info()
  return info.ifindex === place.ifindex ? info.programId : undefined
}

/** @returns false when nothing of ours is attached there any more */
function replace(place: Place, program: BpfProgram, mode: AttachMode, rollback: Rollback): boolean {
  const current = attachedProgram(place, mode)
  if (current === undefined) return false
  const before = BpfProgram.openId(current)
  const exchange = (next: BpfProgram): void => {
    if (mode === 'clsact') {
      replaceBpfFilter(place.socket, { ifindex: place.ifindex, ...filterPlace, ...filterOf(next) })
      return
    }
    using link = BpfLink.openPinned(linkPin(place.directory, place.ifindex), 'tcx')
    link.update(next)
  }
  exchange(program)
  if (before !== undefined) {
    rollback.own(before)
    rollback.add('the program from before', () => exchange(before))
  }
  return true
}

function attachLink({ directory, ifindex }: Place, program: BpfProgram, rollback: Rollback): void {
  const pin = linkPin(directory, ifindex)
  makePinDirectory(dirname(pin))
  using link = attachTcx(program, { ifindex, direction: 'ingress' })
  link.pin(pin)
  rollback.add('the link', () => unpin(pin))
}

function attachFilter(place: Place, program: BpfProgram, makesQdisc: boolean, rollback: Rollback): void {
  const { socket, ifindex } = place
  try {
    if (makesQdisc) {
      addClsact(socket, ifindex)
      rollback.add('the clsact qdisc', () => deleteClsact(socket, ifindex))
    }
    addBpfFilter(socket, { ifindex, ...filterPlace, ...filterOf(program) })
    rollback.add('the filter', () => deleteBpfFilter(socket, { ifindex, ...filterPlace }))
  } catch (error) {
    throw explained(error, clsactModules)
  }
}

/** Removes what an attachment left, whether or not it still works. */
function forget(place: Place, ownsQdisc: boolean): void {
  const { socket, directory, ifindex } = place
  unpin(linkPin(directory, ifindex))
  if (ourFilter(place) !== undefined) deleteBpfFilter(socket, { ifindex, ...filterPlace })
  // Somebody may have used our qdisc for filters of their own since.
  if (ownsQdisc && hasClsact(place) && !hasFilters(place)) deleteClsact(socket, ifindex)
}

function ourFilter(place: Place): { readonly programId: number | undefined } | undefined {
  if (!hasClsact(place)) return undefined
  return listBpfFilters(place.socket, place.ifindex, 'ingress').find(
    (filter) => filter.priority === filterPlace.priority && filter.handle === filterPlace.handle,
  )
}

function hasClsact({ socket, ifindex }: Place): boolean {
  if (findLink(socket, ifindex) === undefined) return false
  return listQdiscs(socket, ifindex).some((qdisc) => qdisc.kind === 'clsact')
}

function hasFilters({ socket, ifindex }: Place): boolean {
  return (['ingress', 'egress'] as const).some((side) => listBpfFilters(socket, ifindex, side).length > 0)
}

function filterOf(program: BpfProgram): { readonly programFd: number; readonly name: string } {
  return { programFd: program.fd.number, name: program.name }
}

function modeName(number: number): AttachMode {
  return number === attachModes.clsact ? 'clsact' : 'tcx'
}
