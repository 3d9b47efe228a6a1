import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect } from 'vitest'
import { memberPath, sizeOf } from '../../../src/asm/btf/layout.ts'
import { renderC } from '../../../src/asm/btf/render/c.ts'
import type { KernelType } from '../../../src/asm/dsl/kernel/kernel-type.ts'
import { type StructType, sizeOf as sizeOfField } from '../../../src/asm/layout/struct.ts'
import { runningKernelTypes } from '../../../src/loader/kernel/vmlinux-btf.ts'
import { commandPath } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { installed } from '../support/namespaces.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tsbpf-types-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** What can be declared for programs, of every sort: headers, a union, a context, the kernel's own objects. */
const names = [
  'iphdr',
  'ipv6hdr',
  'tcphdr',
  'udphdr',
  'ethhdr',
  'nf_inet_addr',
  '__sk_buff',
  'xdp_md',
  'bpf_sock_tuple',
  'bpf_fib_lookup',
  'sk_buff',
  'nf_conn',
  'task_struct',
  'nf_nat_manip_type',
]

test('tsbpf-lb types writes declarations that compile, and members are where BTF has them', async () => {
  const text = execFileSync(process.execPath, [commandPath, 'types', ...names], { encoding: 'utf8' })
  const file = join(directory, 'kernel.ts')
  writeFileSync(file, text)
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')] }
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [file] }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', directory], { stdio: 'pipe' })

  const { vmlinux } = runningKernelTypes()
  const exported = (await import(file)) as Readonly<Record<string, StructType | KernelType | object>>
  const declared = Object.values(exported)
  const kinds = new Map(declared.map((it) => ('kind' in it ? [it.name, it.kind] : ['', 'enum'])))
  expect(kinds.get('iphdr')).toBe('struct')
  expect(kinds.get('__sk_buff')).toBe('struct')
  expect(kinds.get('nf_inet_addr')).toBe('struct')
  expect(kinds.get('nf_conn')).toBe('kernel-type')
  expect(exported).toHaveProperty('NfNatManipType', { NF_NAT_MANIP_SRC: 0, NF_NAT_MANIP_DST: 1 })

  let compared = 0
  for (const declaration of declared) {
    if (!('kind' in declaration)) continue
    // Structs inside others may have no name of their own.
    const id = vmlinux.findByName(declaration.name, 'struct') ?? vmlinux.findByName(declaration.name, 'union')
    if (id === undefined) continue
    if (declaration.kind === 'struct') {
      expect(declaration.size, declaration.name).toBe(sizeOf(vmlinux, id))
      for (const [key, { offset, type }] of Object.entries(declaration.fields)) {
        // Padding and joined bit-fields are not in BTF under these names.
        if (/^(padding|bits)\d+$|ihl_|version_|doff|priority_version/.test(key)) continue
        expect({ key, offset, size: sizeOfField(type) }).toEqual({ key, ...place(id, key) })
        compared++
      }
      continue
    }
    for (const [key, value] of Object.entries(declaration.members)) {
      if ('kind' in value && value.kind !== 'scalar') continue
      const { path, type } = 'path' in value ? value : { path: key, type: value }
      const { offset, size } = place(id, path)
      expect(size, path).toBe(type.size)
      expect(text, path).toMatch(
        new RegExp(`^  ${key}: (member\\('${quoted(path)}', )?\\w+\\)?, // ${offset}: `, 'm'),
      )
      compared++
    }
  }
  expect(compared).toBeGreaterThan(500)

  function place(id: number, path: string): { offset: number; size: number } {
    const { offset, size } = memberPath(vmlinux, id, path)
    return { offset, size }
  }
}, 120_000)

function quoted(text: string): string {
  return text.replaceAll(/[.[\]]/g, '\\$&')
}

const withGcc = installed('gcc') ? test : test.skip

withGcc(
  'as C, every struct and union of this kernel has its size and its members’ offsets',
  () => {
    const { vmlinux } = runningKernelTypes()
    const ids: number[] = []
    const checks: string[] = []
    const seen = new Set<string>()
    for (let id = 1; id <= vmlinux.typeCount; id++) {
      const kind = vmlinux.kind(id)
      if (kind !== 'struct' && kind !== 'union') continue
      const type = vmlinux.type(id)
      if (type.kind !== kind || type.name === '' || seen.has(`${kind} ${type.name}`)) continue
      seen.add(`${kind} ${type.name}`)
      ids.push(id)
      const tag = `${kind} ${type.name}`
      checks.push(`_Static_assert(sizeof(${tag}) == ${type.size}, "${tag}");`)
      for (const { name, bitOffset, bitSize } of type.members)
        if (name !== '' && bitSize === 0)
          checks.push(
            `_Static_assert(__builtin_offsetof(${tag}, ${name}) == ${bitOffset / 8}, "${tag} ${name}");`,
          )
    }
    expect(checks.length).toBeGreaterThan(10_000)
    const compile = (text: string): void => {
      const file = join(directory, 'kernel.c')
      writeFileSync(file, text)
      execFileSync('gcc', ['-std=gnu11', '-fsyntax-only', file], { stdio: 'pipe' })
    }
    const rendered = renderC(vmlinux, ids)
    compile(`${rendered}\n${checks.join('\n')}`)
    // The compiler does look at the checks.
    expect(() => compile(`${rendered}\n_Static_assert(sizeof(struct iphdr) == 21, "");`)).toThrow()
  },
  120_000,
)

withGcc('tsbpf-lb types --format c: bit-fields are at their bits', () => {
  const text = execFileSync(process.execPath, [commandPath, 'types', '--format', 'c', 'iphdr', 'tcphdr'], {
    encoding: 'utf8',
  })
  writeFileSync(
    join(directory, 'bits.c'),
    `${text}
int main(void) {
  unsigned char bytes[20] = { 0x45 };
  struct iphdr *ip = (struct iphdr *)bytes;
  if (ip->ihl != 5 || ip->version != 4) return 1;
  bytes[0] = 0; bytes[12] = 0x50; bytes[13] = 0x12;
  struct tcphdr *tcp = (struct tcphdr *)bytes;
  return tcp->doff == 5 && tcp->syn && tcp->ack && !tcp->fin && !tcp->rst ? 0 : 2;
}
`,
  )
  execFileSync('gcc', ['-std=gnu11', '-o', join(directory, 'bits'), join(directory, 'bits.c')], {
    stdio: 'pipe',
  })
  execFileSync(join(directory, 'bits'))
})
