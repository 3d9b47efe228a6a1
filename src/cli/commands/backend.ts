import type { Command } from 'commander'
import { formatService, parseBackend, parseService } from '../../programs/load-balancer/control/endpoint.ts'
import { InvalidRequestError, NotFoundError } from '../../programs/load-balancer/control/errors.ts'
import type { ServiceChoice } from '../../programs/load-balancer/control/services.ts'
import { print } from '../output.ts'
import { renderBackends } from '../render/balancer.ts'
import { plural } from '../render/table.ts'
import { type ChangeOptions, interfaceOption, jsonOption, lockOptions, lockTimeoutOption } from './options.ts'

/** `backend add|remove|drain|list`. */
export function addBackendCommands(program: Command): void {
  const backend = program
    .command('backend')
    .description('add, remove, drain and list the backends of a service')
  const change = (verb: string, description: string, place: string): Command =>
    backend
      .command(verb)
      .argument('<service>', 'as in `service list`')
      .argument('<backend>', place)
      .description(description)
      .addOption(interfaceOption())
      .addOption(lockTimeoutOption())

  change('add', 'let a backend take connections, a draining one again', 'ADDRESS:PORT[,weight=N]').action(
    async (service: string, text: string, options: ChangeOptions) => {
      const { addBackend } = await import('../../programs/load-balancer/control/services.ts')
      const done = await addBackend(choice(service, options), parseBackend(text))
      print(
        undefined,
        {},
        () => `backend ${text} ${done === 'added' ? 'added to' : 'takes connections again for'} ${service}`,
      )
    },
  )
  change('remove', 'remove a backend at once; its connections end', 'ADDRESS:PORT').action(
    async (service: string, text: string, options: ChangeOptions) => {
      const { removeBackend } = await import('../../programs/load-balancer/control/services.ts')
      const ended = await removeBackend(choice(service, options), parsePlace(text))
      print(
        undefined,
        {},
        () => `backend ${text} removed from ${service}, ${plural(ended, 'connection')} ended`,
      )
    },
  )
  change('drain', 'let a backend keep its connections and take no new ones', 'ADDRESS:PORT').action(
    async (service: string, text: string, options: ChangeOptions) => {
      const { drainBackend } = await import('../../programs/load-balancer/control/services.ts')
      const done = await drainBackend(choice(service, options), parsePlace(text))
      print(
        undefined,
        {},
        () =>
          `backend ${text} of ${service} ${done ? 'is draining' : 'was draining already'}: it keeps its connections and takes no new ones`,
      )
    },
  )

  backend
    .command('list')
    .argument('[service]', 'only those of this service')
    .description('list backends with their traffic')
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const { listServices } = await import('../../programs/load-balancer/control/status.ts')
      const all = await listServices()
      const wanted = name === undefined ? undefined : formatService(parseService(name))
      const chosen = all.filter((entry) => wanted === undefined || entry.service === wanted)
      if (wanted !== undefined && chosen.length === 0)
        throw new NotFoundError(`there is no service ${wanted}`, 'See `tsbpf-lb service list`.')
      const rows = chosen.flatMap((entry) =>
        entry.backends.map((one) => ({ service: entry.service, ...one })),
      )
      print(rows, options, () => renderBackends(chosen))
    })
}

function choice(service: string, options: ChangeOptions): ServiceChoice {
  return { service: parseService(service), interface: options.interface, ...lockOptions(options) }
}

/** A backend that is there already is named by its place alone. */
function parsePlace(text: string): ReturnType<typeof parseBackend> {
  if (text.includes(','))
    throw new InvalidRequestError(
      `backend "${text}": one that is there already is named without options`,
      'Write ADDRESS:PORT alone, as in `tsbpf-lb backend list`.',
    )
  return parseBackend(text)
}
