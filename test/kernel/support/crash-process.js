// Runs load balancer commands inside a network namespace and can let one fail at any step, or stop it there as kill
// -9 would: from that step on every change to the kernel's state is refused, those of the rollback included. Only
// closing still works, as the kernel closes a dead process's files. Unlike a real kill it hits the same step every
// time. Plain JavaScript, because Node 20 runs it as it is.
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'

const koffi = createRequire(import.meta.url)('koffi')
const { syscallNumber } = await import('../../../dist/loader/syscall-numbers.js')

/** Commands of bpf(2) that change something others can see (enum bpf_cmd, include/uapi/linux/bpf.h). */
const changing = {
  ...{ MAP_UPDATE_ELEM: 2, MAP_DELETE_ELEM: 3, OBJ_PIN: 6, MAP_UPDATE_BATCH: 26, MAP_DELETE_BATCH: 27 },
  ...{ LINK_CREATE: 28, LINK_UPDATE: 29, LINK_DETACH: 34 },
}
const bpf = syscallNumber('bpf')
const others = new Set([syscallNumber('sendto'), syscallNumber('mount')])

let steps = 0
let killAt = Number.POSITIVE_INFINITY
let failAt = Number.POSITIVE_INFINITY
let killed = false

function step() {
  killed ||= steps >= killAt
  if (killed) throw new Error('killed')
  if (steps++ === failAt) throw new Error('failed on purpose')
}

const load = koffi.load
koffi.load = (...args) => {
  const library = load(...args)
  return {
    func: (...signature) => {
      const call = library.func(...signature)
      return (number, ...values) => {
        if (others.has(number) || (number === bpf && Object.values(changing).includes(values[0]))) step()
        return call(number, ...values)
      }
    },
  }
}

for (const name of ['mkdirSync', 'rmdirSync', 'unlinkSync', 'writeFileSync']) {
  const original = fs[name]
  fs[name] = (...args) => {
    step()
    return original(...args)
  }
}
syncBuiltinESMExports()

const commands = await import('../../../dist/programs/index.js')

process.on('message', async ({ call, method, args }) => {
  steps = 0
  killed = false
  killAt = args.killAt ?? Number.POSITIVE_INFINITY
  failAt = args.failAt ?? Number.POSITIVE_INFINITY
  try {
    await commands[method](...args.with)
    process.send({ call, result: { steps, killed } })
  } catch (error) {
    process.send({ call, result: { steps, killed, error: error.message, code: error.code } })
  }
})
process.on('disconnect', () => process.exit())
