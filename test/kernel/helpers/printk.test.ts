import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { tc } from '../../../src/asm/dsl/program/program.ts'
import { chars } from '../../../src/asm/layout/bytes.ts'
import { u64 } from '../../../src/asm/layout/scalar.ts'
import { array as arrayOf, struct } from '../../../src/asm/layout/struct.ts'
import { loadProgram } from '../../../src/loader/program/load.ts'
import { test, testUnless } from '../support/kernel-test.ts'

function noTracefs(): string | undefined {
  return readFileSync('/proc/filesystems', 'utf8').includes('tracefs') ? undefined : 'has no tracefs'
}

/** A tracefs of our own: not every machine has it mounted. */
function mountTracefs(): { readonly pipe: string; unmount(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'tsbpf-trace-'))
  execFileSync('mount', ['-t', 'tracefs', 'none', directory])
  return {
    pipe: join(directory, 'trace_pipe'),
    unmount: () => {
      execFileSync('umount', [directory])
      rmdirSync(directory)
    },
  }
}

/** What has been written to the trace log since it was opened. */
function readPipe(fd: number): string {
  const chunk = Buffer.alloc(65536)
  let text = ''
  for (;;) {
    try {
      const read = readSync(fd, chunk)
      if (read === 0) return text
      text += chunk.toString('utf8', 0, read)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text
      throw error
    }
  }
}

testUnless(noTracefs, 'lines arrive in the trace log', () => {
  const tracefs = mountTracefs()
  const mark = `tsbpf-${process.pid}`
  const program = tc('t_printk', (b, skb) => {
    const wide = b.stack(struct('wide', { n: u64 }), { n: 2n ** 40n })
    b.printk(`${mark} len=%d wide=%llu` as '%d %llu', skb.len, wide.n)
    b.printk(`${mark} %d %d %d %d %x` as '%d %d %d %d %x', 1, 2, 3, -4, 255)
    b.return(0)
  })
  const fd = openSync(tracefs.pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    using loaded = loadProgram(program, { maps: [] })
    loaded.testRun(new Uint8Array(64))
    const text = readPipe(fd)
    expect(text).toContain(`${mark} len=64 wide=1099511627776`)
    expect(text).toContain(`${mark} 1 2 3 -4 ff`)
  } finally {
    closeSync(fd)
    tracefs.unmount()
  }
})

test('without tracefs the program runs all the same', () => {
  const program = tc('t_printk', (b) => {
    b.printk('nobody reads this: %d %d %d %d', 1, 2, 3, 4)
    b.return(7)
  })
  using loaded = loadProgram(program, { maps: [] })
  expect(loaded.testRun(new Uint8Array(64)).retval).toBe(7)
})

test('texts can be compared with and formatted by', () => {
  const Text = struct('text', { text: chars(16) })
  const program = tc('t_text', (b) => {
    const to = b.stack(Text)
    const values = b.stack(struct('values', { values: arrayOf(u64, 1) }), { values: [42] })
    b.if(b.helpers.snprintf({ to, format: 'x=%d', values }).ne(5), () => b.return(1))
    b.if(b.helpers.strncmp({ memory: to, with: 'x=42' }).ne(0), () => b.return(2))
    b.return(0)
  })
  using loaded = loadProgram(program, { maps: [] })
  expect(loaded.testRun(new Uint8Array(64)).retval).toBe(0)
})
