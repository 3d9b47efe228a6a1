import { type Command, Option } from 'commander'
import type { AttachMode } from '../../programs/load-balancer/control/tables.ts'
import type { TranslationRequest } from '../../programs/load-balancer/control/translation.ts'
import { print } from '../output.ts'
import { renderUp } from '../render/balancer.ts'
import { plural } from '../render/table.ts'
import { jsonOption, lockOptions, lockTimeoutOption } from './options.ts'
import { addServiceOptions } from './service-options.ts'

interface UpOptions {
  readonly attach?: AttachMode
  readonly translate: TranslationRequest
  readonly lockTimeout: number
  readonly json?: boolean
}

/** `up` and `down`. */
export function addUpAndDownCommands(program: Command): void {
  const upCommand = program
    .command('up')
    .argument('<interface>', 'the interface that faces the clients')
    .description('balance connections that come in through an interface; goes on after the command has ended')
  const services = addServiceOptions(upCommand)
  upCommand
    .addOption(new Option('--attach <how>', 'how to attach the program').choices(['tcx', 'clsact']))
    .addOption(
      new Option('--translate <how>', 'who translates: the program, netfilter, or as the kernel allows')
        .choices(['auto', 'kfunc', 'mark'])
        .default('auto'),
    )
    .addOption(lockTimeoutOption())
    .addOption(jsonOption())
    .action(async (name: string, options: UpOptions) => {
      const { up } = await import('../../programs/load-balancer/control/up.ts')
      const { listServices } = await import('../../programs/load-balancer/control/status.ts')
      const { attach, translate } = options
      const signal = interruption()
      const result = await up({
        interface: name,
        services: services(),
        attach,
        translate,
        signal,
        ...lockOptions(options),
      })
      print({ ...result, services: await listServices() }, options, renderUp)
    })

  program
    .command('down')
    .argument('[interface]', 'only this interface; all of them when absent')
    .description('take the balancer off, with everything that `up` made')
    .addOption(lockTimeoutOption())
    .addOption(jsonOption())
    .action(async (name: string | undefined, options: { lockTimeout: number; json?: boolean }) => {
      const { down } = await import('../../programs/load-balancer/control/down.ts')
      print(await down({ interface: name, ...lockOptions(options) }), options, (result) => {
        const rest = result.stopped ? 'everything it made is gone' : 'it is still up elsewhere'
        const ended = result.connections === 0 ? '' : `, ${plural(result.connections, 'connection')} ended`
        return `load balancer down on ${result.interfaces.join(', ') || 'no interface'}; ${rest}${ended}`
      })
    })
}

/**
 * Fires on Ctrl-C and on a request to terminate. From now on neither ends the process: what has not been done yet is
 * not begun, and what has been done is undone, or else finished and reported.
 */
function interruption(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return controller.signal
}
