import type { Flow } from '../../programs/load-balancer/control/flows.ts'
import type { ServiceStatus, Status } from '../../programs/load-balancer/control/status.ts'
import type { TranslationChoice } from '../../programs/load-balancer/control/translation.ts'
import type { UpResult } from '../../programs/load-balancer/control/up.ts'
import { style } from '../output.ts'
import { indent, plural, table } from './table.ts'

/** What `up` did. */
export function renderUp(result: UpResult & { readonly services: readonly ServiceStatus[] }): string {
  const { program } = result
  const done = result.outcome === 'replaced' ? 'program replaced on' : 'load balancer up on'
  const lines = [
    `${style('green', '✓')} ${done} ${style('bold', result.interface)} (${result.mode}): ${program.name}, program ${program.id}, tag ${program.tag}`,
    style(
      'dim',
      `  ${program.instructions} instructions, ${program.bytes} bytes, ${program.maps} maps; the verifier went through ${program.verifiedInstructions}`,
    ),
    style('dim', `  ${renderTranslation(result.translation)}`),
  ]
  if (result.services.length === 0)
    lines.push('', 'No service yet. Add one:', '  tsbpf-lb service add 80 --backend ADDRESS:PORT')
  else lines.push('', renderServices(result.services))
  lines.push(
    '',
    style(
      'dim',
      `This goes on by itself. See \`tsbpf-lb status\`; end it with \`tsbpf-lb down ${result.interface}\`.`,
    ),
  )
  return lines.join('\n')
}

/** Who translates and why, in one line. */
export function renderTranslation({ way, why }: TranslationChoice): string {
  return `translation: ${way === 'kfunc' ? 'by the program (kfunc)' : 'by netfilter (mark)'}: ${why}`
}

/** Services with their backends. */
export function renderServices(services: readonly ServiceStatus[]): string {
  return services.map(renderService).join('\n\n')
}

function renderService(service: ServiceStatus): string {
  const where = service.interface === null ? '' : ` on ${service.interface} (${service.addresses.join(', ')})`
  const heading = `${style('bold', service.service)}${where}, ${service.scheduler}, ${plural(service.backends.length, 'backend')}`
  const rows = service.backends.map((b) => [
    b.backend,
    b.state,
    b.weight,
    b.active,
    b.connections,
    b.packets,
    b.bytes,
  ])
  return `${heading}\n${indent(table(['BACKEND', 'STATE', 'WEIGHT', 'ACTIVE', 'CONNECTIONS', 'PACKETS', 'BYTES'], rows))}`
}

/** Backends of all services shown, one line each. */
export function renderBackends(services: readonly ServiceStatus[]): string {
  const rows = services.flatMap((service) =>
    service.backends.map((b) => [
      service.service,
      b.backend,
      b.state,
      b.weight,
      b.snat ?? '-',
      b.active,
      b.connections,
      b.packets,
    ]),
  )
  if (rows.length === 0) return 'no backends'
  return table(['SERVICE', 'BACKEND', 'STATE', 'WEIGHT', 'SNAT', 'ACTIVE', 'CONNECTIONS', 'PACKETS'], rows)
}

const counterTexts: Readonly<Record<keyof Status['counters'], string>> = {
  foreign: 'packets of connections from before the port was balanced, left alone',
  reopened: 'finished connections that a client opened again from the same port',
  dropTableFull: 'dropped: the kernel’s connection table is full',
  dropNoBackend: 'dropped: no backend takes new connections',
  dropClash: 'dropped: no free source port towards the backend',
  dropNatRefused: 'dropped: the kernel refused the translation',
  dropUntranslated: 'dropped: netfilter had not translated the packet',
}

const netfilterTexts: Readonly<Record<Status['netfilter'], string>> = {
  ok: 'in place',
  missing: 'MISSING: nothing is translated. Something flushed the nf_tables ruleset; run `tsbpf-lb up` again',
  changed: 'CHANGED by somebody else; run `tsbpf-lb up` again to repair it',
}

/** The whole state. */
export function renderStatus(status: Status): string {
  const interfaces = status.interfaces.map(({ name, ifindex, mode, translation, program }) => [
    name ?? `#${ifindex}`,
    mode,
    translation.way,
    program === null ? (name === null ? 'interface is gone' : 'NOT ATTACHED') : program.name,
    program === null ? '-' : String(program.id),
    program?.tag ?? '-',
  ])
  const ways = new Set(status.interfaces.map(({ translation }) => renderTranslation(translation)))
  const netfilter = netfilterTexts[status.netfilter]
  const events = Object.entries(status.counters).filter(([, count]) => count > 0)
  return [
    table(['INTERFACE', 'ATTACHED', 'TRANSLATION', 'PROGRAM', 'ID', 'TAG'], interfaces),
    `\n${[...ways].join('\n')}`,
    `netfilter table: ${status.netfilter === 'ok' ? netfilter : style('red', netfilter)}`,
    `connection table: ${status.conntrack.entries} of ${status.conntrack.maximum} entries in use`,
    status.services.length === 0
      ? '\nNo service. Add one with `tsbpf-lb service add 80 --backend ADDRESS:PORT`.'
      : `\n${renderServices(status.services)}`,
    ...(events.length === 0
      ? []
      : [
          '',
          table(
            ['COUNT', 'EVENT'],
            events.map(([name, count]) => [count, counterTexts[name as keyof Status['counters']]]),
          ),
        ]),
  ].join('\n')
}

/** Connections, one line each. */
export function renderFlows(flows: readonly Flow[]): string {
  if (flows.length === 0) return 'no connections'
  return table(
    ['PROTO', 'CLIENT', 'VIP', 'BACKEND', 'SOURCE', 'STATE', 'TIMEOUT'],
    flows.map((flow) => [
      flow.protocol,
      flow.client,
      flow.vip,
      flow.backend,
      flow.source,
      flow.state ?? (flow.replied ? 'REPLIED' : 'UNREPLIED'),
      flow.timeout === null ? '-' : `${flow.timeout}s`,
    ]),
  )
}
