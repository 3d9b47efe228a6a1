import type { Command } from 'commander'
import { NotFoundError } from '../../programs/load-balancer/control/errors.ts'
import { print } from '../output.ts'
import { renderFlows, renderStatus } from '../render/balancer.ts'
import { jsonOption } from './options.ts'

/** `status` and `flows`. */
export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .argument('[interface]', 'only this interface')
    .description('show interfaces, services, backends and their traffic')
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: { json?: boolean }) => {
      const { status } = await import('../../programs/load-balancer/control/status.ts')
      const all = await status()
      if (name === undefined) {
        print(all, options, renderStatus)
        return
      }
      const interfaces = all.interfaces.filter((entry) => entry.name === name)
      if (interfaces.length === 0)
        throw new NotFoundError(
          `the load balancer is not up on ${name}`,
          `It is up on: ${all.interfaces.map((entry) => entry.name ?? `#${entry.ifindex}`).join(', ')}.`,
        )
      const services = all.services.filter(
        (service) => service.interface === null || service.interface === name,
      )
      print({ ...all, interfaces, services }, options, renderStatus)
    })

  program
    .command('flows')
    .description('list the balanced connections from the kernel’s connection table')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => {
      const { readBalancer } = await import('../../programs/load-balancer/control/balancer.ts')
      const { listFlows } = await import('../../programs/load-balancer/control/flows.ts')
      print(await readBalancer(({ netfilter }) => listFlows(netfilter)), options, renderFlows)
    })
}
