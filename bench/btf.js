// How long a cold process takes to find the ids of all conntrack kfuncs in the running kernel's BTF, and how much
// memory that costs, over a process of Node that does nothing. Run it with: npm run bench:btf
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'

const vmlinux = '/sys/kernel/btf/vmlinux'
const reader = new URL('../dist/asm/btf/reader.js', import.meta.url).href
const kfuncs = [
  'bpf_skb_ct_lookup',
  'bpf_skb_ct_alloc',
  'bpf_ct_set_nat_info',
  'bpf_ct_set_timeout',
  'bpf_ct_set_status',
  'bpf_ct_insert_entry',
  'bpf_ct_change_timeout',
  'bpf_ct_change_status',
  'bpf_ct_release',
]
const runs = 21
const barMilliseconds = 25
const barMebibytes = 12

// RssAnon: memory of the process itself, without the pages of Node's own program file.
const report = `import { readFileSync as read } from 'node:fs'
const kib = Number(/RssAnon:\\s+(\\d+)/.exec(read('/proc/self/status', 'utf8'))[1])
process.stdout.write(JSON.stringify({ kib, found: globalThis.found ?? 0 }))`
const search = `import { readFileSync } from 'node:fs'
import { Btf } from '${reader}'
const btf = Btf.parse(readFileSync('${vmlinux}'))
globalThis.found = btf.findAll(${JSON.stringify(kfuncs)}, 'func').size
${report}`

const start = { milliseconds: [], mebibytes: [] }
const found = { milliseconds: [], mebibytes: [] }
let names = 0
for (let run = 0; run < runs; run++) {
  measure(report, start)
  names = measure(search, found).found
}

// Other work on the machine only ever adds time: the fastest run says most about the code.
const fastest = Math.min(...found.milliseconds) - Math.min(...start.milliseconds)
const memory = median(found.mebibytes) - median(start.mebibytes)
console.log(`${vmlinux}: ${(statSync(vmlinux).size / 2 ** 20).toFixed(1)} MiB, Node ${process.versions.node}`)
console.log(`${names} of ${kfuncs.length} conntrack kfuncs are in it (others are in modules); ${runs} runs`)
console.table({
  'bare start of Node': row(start),
  'with the search': row(found),
  difference: {
    'ms, fastest': round(fastest),
    'ms, median': round(median(found.milliseconds) - median(start.milliseconds)),
    MiB: round(memory),
  },
  bar: { 'ms, fastest': barMilliseconds, MiB: barMebibytes },
})
if (fastest >= barMilliseconds || memory >= barMebibytes) {
  console.log('over the bar')
  process.exitCode = 1
}

function measure(script, into) {
  const begin = process.hrtime.bigint()
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  into.milliseconds.push(Number(process.hrtime.bigint() - begin) / 1e6)
  const result = JSON.parse(output)
  into.mebibytes.push(result.kib / 1024)
  return result
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function row({ milliseconds, mebibytes }) {
  return {
    'ms, fastest': round(Math.min(...milliseconds)),
    'ms, median': round(median(milliseconds)),
    MiB: round(median(mebibytes)),
  }
}

function round(value) {
  return Number(value.toFixed(1))
}
