import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type BackendRequest,
  parseBackend,
  parseService,
  type ServiceName,
} from '../../programs/load-balancer/control/endpoint.ts'
import { InvalidRequestError } from '../../programs/load-balancer/control/errors.ts'
import type { ServiceRequest } from '../../programs/load-balancer/control/requests.ts'
import { type Scheduler, schedulers } from '../../programs/load-balancer/datapath/maps.ts'

interface Collected {
  readonly name: ServiceName
  readonly backends: BackendRequest[]
  scheduler: Scheduler | undefined
}

/**
 * Adds `--service`, `--backend` and `--scheduler`: a `--backend` or `--scheduler` belongs to the `--service` before
 * it on the command line.
 *
 * @returns gives the services once the command line has been read
 */
export function addServiceOptions(command: Command): () => ServiceRequest[] {
  const services: Collected[] = []
  const last = (option: string): Collected => {
    const service = services[services.length - 1]
    if (service === undefined)
      throw new InvalidRequestError(
        `${option} must follow the --service it belongs to`,
        'Write --service 80 --backend 10.0.0.11:8080.',
      )
    return service
  }
  command
    .addOption(
      new Option(
        '-s, --service <service>',
        'what clients connect to: 80, udp/53, tcp/203.0.113.10:80 (repeatable)',
      ).argParser((text) => {
        services.push({ name: parseService(text), backends: [], scheduler: undefined })
        return services.length
      }),
    )
    .addOption(
      new Option(
        '-b, --backend <backend>',
        'where its connections go: ADDRESS:PORT[,weight=N] (repeatable)',
      ).argParser((text) => {
        last('--backend').backends.push(parseBackend(text))
        return text
      }),
    )
    .addOption(
      new Option('--scheduler <name>', `how it chooses: ${Object.keys(schedulers).join(' or ')}`).argParser(
        (text) => {
          last('--scheduler').scheduler = parseScheduler(text)
          return text
        },
      ),
    )
  return () => services.map(({ name, backends, scheduler }) => ({ ...name, backends, scheduler }))
}

/** @throws {InvalidArgumentError} for a scheduler that does not exist */
export function parseScheduler(text: string): Scheduler {
  if (Object.hasOwn(schedulers, text)) return text as Scheduler
  throw new InvalidArgumentError(`It must be ${Object.keys(schedulers).join(' or ')}.`)
}
