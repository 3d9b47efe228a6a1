import type { Command } from 'commander'
import { TsbpfError } from '../../asm/diagnostics/error.ts'
import { print } from '../output.ts'
import { describeFeature, renderFeatures } from '../render/features.ts'
import { jsonOption } from './options.ts'

/** `features`. */
export function addFeaturesCommand(program: Command): void {
  program
    .command('features')
    .description('ask the running kernel for what this package can use; some of it takes root to find out')
    .addOption(jsonOption())
    .action(async (options: { json?: boolean }) => {
      if (process.platform !== 'linux')
        throw new TsbpfError('NOT_LINUX', `${process.platform} has no features to ask for`, {
          hint: 'Run it on Linux.',
        })
      const { probeFeatures } = await import('../../loader/kernel/features.ts')
      print(probeFeatures().map(describeFeature), options, renderFeatures)
    })
}
