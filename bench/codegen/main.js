// How good the compiler's code is, beside clang's: npm run bench:codegen [-- NAME… --json --listing --rounds N]
//
// Every program of the suite exists twice, in the DSL and in C. Both are compiled, both go through the same loader,
// both must do the same to the same packets, and then both are counted and timed. clang is needed for the comparison
// alone, root for what the kernel says.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { findClang } from './harness/clang.js'
import { examine } from './harness/examine.js'
import { report } from './harness/report.js'
import { names } from './harness/suite.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    listing: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '120' },
  },
})
const unknown = positionals.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`there is no program "${unknown}"; there are ${names.join(', ')}`)
  process.exit(2)
}

const clang = findClang()
const root = process.geteuid?.() === 0
const rows = []
for (const name of positionals.length > 0 ? positionals : names)
  rows.push(await examine(name, { clang, root, rounds: Number(options.rounds) }))
const result = report(rows, { clang, root, whole: positionals.length === 0 })
if (options.json) console.log(JSON.stringify(result.json, undefined, 2))
else {
  if (options.listing) console.log(result.listings)
  console.log(result.text)
}
if (!result.good) process.exitCode = 1
