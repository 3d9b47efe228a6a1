import { encode, slotCount } from '../../../asm/isa/encode.ts'
import { ensureBpffs, listPins } from '../../../loader/bpf/bpffs.ts'
import { requireFeature } from '../../../loader/kernel/features.ts'
import { runningKernelTypes } from '../../../loader/kernel/vmlinux-btf.ts'
import type { Link } from '../../../loader/netlink/route/links.ts'
import { loadProgram } from '../../../loader/program/load.ts'
import { attach, checkAttachMode } from './attachment.ts'
import {
  type Balancer,
  guardedTraffic,
  type LockOptions,
  locked,
  type Sockets,
  withSockets,
} from './balancer.ts'
import { enableForwarding } from './forwarding.ts'
import { loadIngress } from './load-ingress.ts'
import { applyNetfilter } from './netfilter-gear.ts'
import { interfaceByName, linkHeaderLength } from './network.ts'
import { checkPrivileges } from './privileges.ts'
import { Registry } from './registry.ts'
import { planServices, type ServiceRequest } from './requests.ts'
import { type Rollback, transaction } from './rollback.ts'
import { applyService, existingDestinations } from './services.ts'
import { removeState, stateDirectory } from './state-directory.ts'
import { type AttachMode, createTables } from './tables.ts'
import {
  describeTranslation,
  type TranslationChoice,
  type TranslationRequest,
  translations,
} from './translation.ts'

/** What `up` is to do. */
export interface UpRequest extends LockOptions {
  /** Name of the interface that faces the clients. */
  readonly interface: string
  /** Services to have. Others that are running stay as they are. */
  readonly services: readonly ServiceRequest[]
  /** How to attach; tcx where the kernel has it, else clsact, when absent. */
  readonly attach?: AttachMode | undefined
  /** Who translates; `auto` when absent: the program where the kernel lets it, else netfilter. */
  readonly translate?: TranslationRequest | undefined
  /** Stops the change between two of its steps; everything done is undone. */
  readonly signal?: AbortSignal | undefined
}

/** What `up` did. */
export interface UpResult {
  readonly interface: string
  readonly ifindex: number
  /** `replaced`: the program of an earlier `up` was exchanged for this one. */
  readonly outcome: 'attached' | 'replaced'
  readonly mode: AttachMode
  readonly translation: TranslationChoice
  readonly program: {
    readonly name: string
    readonly id: number
    readonly tag: string
    readonly instructions: number
    readonly bytes: number
    readonly maps: number
    readonly verifiedInstructions: number
  }
}

/**
 * Brings the load balancer up on an interface: loads the program, pins its maps, lets netfilter translate, adds the
 * services and attaches. Balancing goes on after the process has ended. Where it fails, or `signal` fires, everything
 * it did is undone.
 *
 * @throws {InvalidRequestError | NotFoundError | NotYetError} for what cannot be meant, before anything is changed
 * @throws {UnsupportedFeatureError} when the kernel lacks something
 * @throws {MissingPrivilegeError} without the capabilities it takes
 * @throws {BusyError} while another command changes the balancer
 */
export async function up(request: UpRequest): Promise<UpResult> {
  return await withSockets(async (sockets) => {
    const link = interfaceByName(sockets.route, request.interface)
    const linkHeader = linkHeaderLength(link)
    planServices(sockets.route, link, request.services, [])
    checkPrivileges()
    checkKernel()
    const directory = stateDirectory()
    ensureBpffs()
    return await locked(directory, { ...request, create: true }, async () => {
      const fresh = listPins(directory).length === 0
      try {
        return await transaction(request.signal, (rollback, checkpoint) =>
          bringUp({ request, sockets, link, linkHeader, directory, rollback, checkpoint }),
        )
      } catch (error) {
        if (fresh) removeEmptyState(directory)
        throw error
      }
    })
  })
}

interface Change {
  readonly request: UpRequest
  readonly sockets: Sockets
  readonly link: Link
  readonly linkHeader: number
  readonly directory: string
  readonly rollback: Rollback
  readonly checkpoint: () => Promise<void>
}

async function bringUp(change: Change): Promise<UpResult> {
  const { request, sockets, link, linkHeader, directory, rollback, checkpoint } = change
  const tables = createTables(directory, rollback)
  rollback.own(tables)
  const balancer: Balancer = { ...sockets, directory, tables, registry: new Registry(tables) }
  const planned = planServices(
    sockets.route,
    link,
    request.services,
    existingDestinations(balancer, ...request.services),
  )
  const place = { socket: sockets.route, tables, directory, ifindex: link.ifindex }
  checkAttachMode(place, link.name, request.attach)
  await checkpoint()

  // Before the program: where conntrack is a module, making the table loads it, and with it the kfuncs.
  applyNetfilter(sockets.netfilter, guardedTraffic(balancer), rollback)
  const { spec, program, translation } = loadIngress(
    request.translate ?? 'auto',
    { linkHeader },
    runningKernelTypes(),
    (candidate) => loadProgram(candidate, { maps: tables.byName }),
  )
  rollback.own(program)
  await checkpoint()

  enableForwarding(sockets.route, tables, link.ifindex, rollback)
  for (const service of planned) applyService(balancer, service, rollback)
  // Netfilter knows how to translate before the program leaves it to it, and as long as one does.
  applyNetfilter(sockets.netfilter, guardedTraffic(balancer, translations[translation].way), rollback)
  await checkpoint()

  const { outcome, mode } = attach(
    place,
    program,
    { mode: request.attach, linkHeader, translation },
    rollback,
  )
  // The guard drops what the program would have translated, so it begins after the program has.
  applyNetfilter(sockets.netfilter, guardedTraffic(balancer), rollback)
  await checkpoint()

  const info = program.info()
  return {
    interface: link.name,
    ifindex: link.ifindex,
    outcome,
    mode,
    translation: describeTranslation(translation),
    program: {
      name: spec.name,
      id: info.id,
      tag: info.tag,
      instructions: spec.instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0),
      bytes: encode(spec.instructions).byteLength,
      maps: spec.maps.length,
      verifiedInstructions: info.verifiedInstructions,
    },
  }
}

/**
 * What can be asked before anything is changed. The conntrack functions may be in modules that are not loaded yet:
 * the loader reports a missing one.
 *
 * @throws {UnsupportedFeatureError} naming what is missing and the release that has it
 */
function checkKernel(): void {
  requireFeature('btf')
  requireFeature('kfunc-calls')
}

/** A failed first `up` leaves no directories behind. */
function removeEmptyState(directory: string): void {
  const leftovers = listPins(directory).flatMap((entry) => (entry.directory ? listPins(entry.path) : [entry]))
  if (leftovers.length > 0) return
  removeState(directory)
}
