// How many instructions a second the assembler handles: npm run bench:asm
//
// One program of 24,000 instructions of all kinds goes through every step, in one thread, after a warm-up;
// the best of seven runs counts, since everything else only disturbs. The numbers depend on the machine.

import {
  alu,
  aluOps,
  assemble,
  atomic,
  atomicOps,
  branch,
  bswap,
  callHelper,
  callKfunc,
  decode,
  encode,
  exit,
  jump,
  jumpOps,
  label,
  load,
  loadImm64,
  loadMap,
  loadSigned,
  movsx,
  parse,
  plain,
  programText,
  registers,
  store,
} from 'tsbpf-lb/asm'

const blocks = 1000
const runs = 7

const items = Array.from({ length: blocks }, (_, index) => block(index)).flat()
items.push(label(`b${blocks}`), plain(exit()))

const { instructions } = assemble(items, { cpu: 4 })
const bytes = encode(instructions)
const texts = { 'pseudo-c': text('pseudo-c'), mnemonic: text('mnemonic') }

const steps = [
  ['assemble (labels to distances)', () => assemble(items, { cpu: 4 })],
  ['encode', () => encode(instructions)],
  ['decode', () => decode(bytes)],
  ['print pseudo-C', () => text('pseudo-c')],
  ['print mnemonics', () => text('mnemonic')],
  ['parse pseudo-C', () => parse(texts['pseudo-c'], { syntax: 'pseudo-c' })],
  ['parse mnemonics', () => parse(texts.mnemonic, { syntax: 'mnemonic' })],
  [
    'text to bytes (pseudo-C)',
    () => encode(assemble(parse(texts['pseudo-c']).items, { cpu: 4 }).instructions),
  ],
]

check()
console.log(`${instructions.length} instructions, ${bytes.length} bytes; Node ${process.version}\n`)
console.log(`${'step'.padEnd(32)}${'instructions/s'.padStart(16)}${'ms/run'.padStart(10)}`)
for (const [name, step] of steps) {
  const milliseconds = best(step)
  const perSecond = Math.round((instructions.length / milliseconds) * 1000)
  console.log(
    `${name.padEnd(32)}${perSecond.toLocaleString('en').padStart(16)}${milliseconds.toFixed(2).padStart(10)}`,
  )
}

/** A basic block of 24 instructions that ends with a jump to one of the next. */
function block(index) {
  const reg = (n) => registers[(index + n) % 6]
  const aluOp = (n) => aluOps[(index + n) % aluOps.length]
  const to = `b${Math.min(blocks, index + 1 + (index % 17))}`
  return [
    label(`b${index}`),
    ...[0, 1, 2, 3, 4].map((n) => plain(alu(aluOp(n), n % 2 === 0 ? 64 : 32, reg(n), reg(n + 1)))),
    ...[5, 6, 7, 8].map((n) => plain(alu(aluOp(n), n % 2 === 0 ? 64 : 32, reg(n), 1 + (index % 31)))),
    plain(movsx(64, reg(0), reg(1), 16)),
    plain(bswap(reg(2), 32)),
    ...[1, 2, 4, 8].map((size) => plain(load(size, reg(size), registers[6], size * (index % 64)))),
    plain(loadSigned(4, reg(1), registers[6], 12)),
    plain(store(4, registers[10], -8, reg(3))),
    plain(store(2, registers[10], -16, index % 1000)),
    plain(atomic(atomicOps[index % atomicOps.length], 8, registers[6], 16, reg(4))),
    plain(loadImm64(reg(5), BigInt(index) * 0x1_0000_0001n)),
    plain(loadMap(registers[1], 'services')),
    plain(callHelper(1 + (index % 200))),
    plain(callKfunc('bpf_skb_ct_lookup')),
    branch(jump(jumpOps[index % jumpOps.length], index % 3 === 0 ? 32 : 64, reg(0), index % 100), to),
  ]
}

function text(syntax) {
  return programText(instructions, { syntax })
}

/** A step that gives another result is not worth timing. */
function check() {
  for (const written of Object.values(texts)) {
    const again = encode(assemble(parse(written).items, { cpu: 4 }).instructions)
    if (Buffer.compare(again, bytes) !== 0) throw new Error('the text does not give the same bytes again')
  }
}

/** @returns milliseconds of the fastest of {@link runs} runs */
function best(step) {
  for (let warmUp = 0; warmUp < 3; warmUp++) step()
  let fastest = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const start = performance.now()
    step()
    fastest = Math.min(fastest, performance.now() - start)
  }
  return fastest
}
