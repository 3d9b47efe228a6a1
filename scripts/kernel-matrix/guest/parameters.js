import { readFileSync } from 'node:fs'

/**
 * What the kernel's command line says to expect of it: `suite=` what `up` has to do, `balance` or `refuse`; `lacks=` the
 * features it must not have, `varies=` those that its build decides, with commas in between.
 */
export const parameters = read(readFileSync('/proc/cmdline', 'utf8'))

function read(line) {
  const values = new Map(
    line
      .trim()
      .split(' ')
      .map((word) => /^([^=]*)=?(.*)$/.exec(word).slice(1)),
  )
  const list = (name) => (values.get(name) ?? '').split(',').filter((item) => item !== '')
  return { suite: values.get('suite'), lacks: list('lacks'), varies: list('varies') }
}
