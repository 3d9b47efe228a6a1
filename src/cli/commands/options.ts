import { InvalidArgumentError, Option } from 'commander'

/** `--json`, on every command that shows something. */
export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON')
}

/** `--lock-timeout SECONDS`, on every command that changes something. */
export function lockTimeoutOption(): Option {
  return new Option('--lock-timeout <seconds>', 'how long to wait for another command to finish')
    .default(10)
    .argParser((text) => {
      const seconds = Number(text)
      if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > 3600)
        throw new InvalidArgumentError('It must be a number of seconds, 0 to 3600.')
      return seconds
    })
}

/** `--interface NAME`, where several interfaces could be meant. */
export function interfaceOption(): Option {
  return new Option('-i, --interface <name>', 'which interface, when the balancer is up on several')
}

/** What {@link lockTimeoutOption} and {@link interfaceOption} give. */
export interface ChangeOptions {
  readonly lockTimeout: number
  readonly interface?: string
}

/** The lock's patience in milliseconds. */
export function lockOptions(options: { readonly lockTimeout: number }): { readonly lockTimeout: number } {
  return { lockTimeout: options.lockTimeout * 1000 }
}
