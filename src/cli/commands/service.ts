import { type Command, Option } from 'commander'
import {
  type BackendRequest,
  parseBackend,
  parseService,
} from '../../programs/load-balancer/control/endpoint.ts'
import { type Scheduler, schedulers } from '../../programs/load-balancer/datapath/maps.ts'
import { print } from '../output.ts'
import { renderServices } from '../render/balancer.ts'
import { plural } from '../render/table.ts'
import { type ChangeOptions, interfaceOption, jsonOption, lockOptions, lockTimeoutOption } from './options.ts'
import { parseScheduler } from './service-options.ts'

/** `service add|remove|list`. */
export function addServiceCommands(program: Command): void {
  const service = program
    .command('service')
    .description('add, remove and list the services of the running balancer')

  service
    .command('add')
    .argument('<service>', '80, udp/53, tcp/203.0.113.10:80')
    .description('balance another port or address')
    .addOption(
      new Option('-b, --backend <backend>', 'ADDRESS:PORT[,weight=N] (repeatable)')
        .argParser((text, before: BackendRequest[] | undefined) => [...(before ?? []), parseBackend(text)])
        .default([], 'none')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--scheduler <name>', Object.keys(schedulers).join(' or ')).argParser(parseScheduler),
    )
    .addOption(interfaceOption())
    .addOption(lockTimeoutOption())
    .action(
      async (name: string, options: ChangeOptions & { backend: BackendRequest[]; scheduler?: Scheduler }) => {
        const { addService } = await import('../../programs/load-balancer/control/services.ts')
        const request = { ...parseService(name), backends: options.backend, scheduler: options.scheduler }
        await addService(request, { ...lockOptions(options), interface: options.interface })
        print(undefined, {}, () => `service ${name} added with ${plural(options.backend.length, 'backend')}`)
      },
    )

  service
    .command('remove')
    .argument('<service>', 'as in `service list`')
    .description('stop balancing a service; its connections end')
    .addOption(interfaceOption())
    .addOption(lockTimeoutOption())
    .action(async (name: string, options: ChangeOptions) => {
      const { removeService } = await import('../../programs/load-balancer/control/services.ts')
      const ended = await removeService({
        service: parseService(name),
        interface: options.interface,
        ...lockOptions(options),
      })
      print(undefined, {}, () => `service ${name} removed, ${plural(ended, 'connection')} ended`)
    })

  service
    .command('list')
    .description('list services with their backends')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => {
      const { listServices } = await import('../../programs/load-balancer/control/status.ts')
      print(await listServices(), options, (services) =>
        services.length === 0 ? 'no services' : renderServices(services),
      )
    })
}
