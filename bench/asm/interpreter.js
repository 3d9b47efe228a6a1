// How many instructions a second the interpreter executes: npm run bench:asm
//
// A loop of arithmetic, a load, a store and a branch, two million times, in one thread; the best of five runs
// counts. The bar of 20 million is what makes unit tests of whole programs painless.

import { assembleText, Machine } from 'tsbpf-lb/asm'

const turns = 2_000_000
const runs = 5
const bar = 20

const { instructions } = assembleText(`
    r0 = 0
    r2 = ${turns}
loop:
    r0 += r2
    r0 ^= 12345
    w0 *= 3
    r3 = *(u32 *)(r1 + 4)
    r3 += r0
    *(u64 *)(r1 + 8) = r3
    r2 += -1
    if r2 != 0 goto loop
    exit
`)
const machine = new Machine(instructions, { instructionLimit: 10 * turns })

let fastest = Number.POSITIVE_INFINITY
for (let run = 0; run < runs; run++) {
  const start = performance.now()
  machine.run((space) => [space.map('memory', new Uint8Array(16)), 16])
  fastest = Math.min(fastest, performance.now() - start)
}
const millions = machine.executed / fastest / 1000
console.log(
  `\ninterpreter: ${millions.toFixed(0)} million instructions/s (bar: ${bar}), ${machine.executed} executed`,
)
if (millions < bar) process.exitCode = 1
