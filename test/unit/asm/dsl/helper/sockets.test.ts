import { describe, expect, test } from 'vitest'
import type { ProgramBuilder } from '../../../../../src/asm/dsl/builder.ts'
import { kernelType } from '../../../../../src/asm/dsl/kernel/kernel-type.ts'
import { BPF_F_CURRENT_NETNS, SocketTuple4 } from '../../../../../src/asm/dsl/kernel/socket-layouts.ts'
import type { SocketCases } from '../../../../../src/asm/dsl/kernel/socket-statements.ts'
import type { SkbContext } from '../../../../../src/asm/dsl/program/context.ts'
import { tc } from '../../../../../src/asm/dsl/program/program.ts'
import { xdp } from '../../../../../src/asm/dsl/program/xdp.ts'
import { u32 } from '../../../../../src/asm/layout/scalar.ts'
import { here, report } from '../build-failure.ts'

/** BPF_LDX (RFC 9669, section 3.1). */
const loadClass = 1

type Builder = ProgramBuilder<'sched_cls'>

/** Looks a TCP socket up. */
function find(b: ProgramBuilder, skb: SkbContext, cases: SocketCases<'bpf_sock'>): void {
  const tuple = b.stack(SocketTuple4, { destinationPort: 80 })
  ;(b as unknown as Builder).helpers.sk_lookup_tcp({ ctx: skb, tuple, netns: BPF_F_CURRENT_NETNS }, cases)
}

const helpersOf = (b: ProgramBuilder): Builder['helpers'] => (b as unknown as Builder).helpers
/** Calls helpers whatever their types say. */
const loose = (b: ProgramBuilder): Readonly<Record<string, (args: object, cases?: object) => unknown>> =>
  b.helpers as never

describe('a socket that was looked up', () => {
  test('is not null where it is used, and is read as the context is', () => {
    const program = tc('listener', (b, skb) => {
      find(b, skb, {
        some: (socket) => {
          const { state, destinationPort } = socket
          b.helpers.sk_release({ socket })
          b.if(destinationPort.eq(53), () => b.return(2))
          b.return(state)
        },
      })
      b.return(0)
    })
    const calls = program.instructions.flatMap(({ symbol }) =>
      symbol?.kind === 'helper' ? [symbol.name] : [],
    )
    expect(calls).toEqual(['bpf_sk_lookup_tcp', 'bpf_sk_release'])
    // Reads stay in front of the release.
    const release = program.instructions.findIndex(
      ({ symbol }) => symbol?.kind === 'helper' && symbol.name === 'bpf_sk_release',
    )
    const reads = program.instructions.flatMap(({ opcode, offset }, i) =>
      (opcode & 7) === loadClass && [48, 72].includes(offset) ? [i] : [],
    )
    expect(reads).toHaveLength(2)
    expect(Math.max(...reads)).toBeLessThan(release)
  })

  test('must be released on every way', () => {
    let at = ''
    const lines = report((b, _input, skb) => {
      const tuple = b.stack(SocketTuple4)
      at = here(1)
      helpersOf(b).sk_lookup_udp(
        { ctx: skb, tuple, netns: 0 },
        {
          some: (socket) => {
            b.if(socket.state.eq(1), () => helpersOf(b).sk_release({ socket }))
          },
        },
      )
    })
    expect(lines).toEqual([
      'LEAKED_REFERENCE',
      `this bpf_sock is not released on every way (${at})`,
      'It is released on one way and held on another where the ways through this statement meet.',
      'Release it inside the block that acquired it, on every way out of it.',
    ])
  })

  test('is gone with its release, and so is what was made from it', () => {
    const Tcp = kernelType('tcp_sock', { snd_una: u32 })
    const afterwards: readonly ((b: ProgramBuilder, skb: SkbContext, use: (at: string) => void) => void)[] = [
      (b, skb, use) =>
        find(b, skb, {
          some: (socket) => {
            helpersOf(b).sk_release({ socket })
            use(here(1))
            socket.state
          },
        }),
      (b, skb, use) =>
        find(b, skb, {
          some: (socket) => {
            const { sourceIp6 } = socket
            helpersOf(b).sk_release({ socket })
            use(here(1))
            sourceIp6.at(0)
          },
        }),
      (b, skb, use) =>
        find(b, skb, {
          some: (socket) => {
            helpersOf(b).tcp_sock(
              { socket },
              {
                some: (tcp) => {
                  helpersOf(b).sk_release({ socket })
                  use(here(1))
                  tcp.mssCache
                },
              },
            )
          },
        }),
      (b, skb, use) =>
        find(b, skb, {
          some: (socket) => {
            helpersOf(b).skc_to_tcp_sock(
              { socket },
              {
                type: Tcp,
                some: (tcp) => {
                  helpersOf(b).sk_release({ socket: tcp })
                  use(here(1))
                  tcp.snd_una
                },
              },
            )
          },
        }),
    ]
    const names = ['the bpf_sock', 'bpf_sock.sourceIp6', 'the bpf_tcp_sock', 'the tcp_sock']
    afterwards.forEach((write, i) => {
      let at = ''
      const [code, message] = report((b, _input, skb) =>
        write(b, skb, (place) => {
          at = place
        }),
      )
      const when = names[i]?.includes('.') ? 'the bpf_sock was' : 'it was'
      expect([code, message]).toEqual([
        'USE_AFTER_RELEASE',
        `${names[i]} is used after ${when} released (${at})`,
      ])
    })
  })
})

describe('mistakes', () => {
  const cases: Readonly<Record<string, readonly [string[], (b: ProgramBuilder, skb: SkbContext) => void]>> = {
    'no cases': [
      [
        'ARGUMENT',
        'bpf_sk_lookup_tcp gives a bpf_sock or null',
        'Pass { some: (socket) => …, none: () => … } as the second argument.',
      ],
      (b, skb) => loose(b).sk_lookup_tcp?.({ ctx: skb, tuple: b.stack(SocketTuple4), netns: 0 }),
    ],
    'the release of a socket that was given': [
      ['NOT_ACQUIRED', 'bpf_sk_release takes over a sock_common, and the program has not acquired this one'],
      (b, skb) => b.socketOf(skb, { some: (socket) => void loose(b).sk_release?.({ socket }) }),
    ],
    'no socket': [
      ['ARGUMENT', 'bpf_sk_assign takes a socket as "socket"'],
      (b, skb) => loose(b).sk_assign?.({ ctx: skb, socket: b.stack(SocketTuple4) }),
    ],
    'null in a TC program': [
      ['ARGUMENT', 'bpf_sk_assign takes a socket as "socket", null only in socket lookup programs'],
      (b, skb) => loose(b).sk_assign?.({ ctx: skb, socket: null }),
    ],
    'another kernel object to be read as': [
      [
        'ARGUMENT',
        'bpf_skc_to_tcp_sock gives a tcp_sock, not a task_struct',
        "Pass { type: kernelType('tcp_sock', …), some: (object) => …, none: () => … } as the second argument.",
      ],
      (b, skb) =>
        b.socketOf(skb, {
          some: (socket) =>
            void loose(b).skc_to_tcp_sock?.(
              { socket },
              { type: kernelType('task_struct', {}), some: () => {} },
            ),
        }),
    ],
    'a kernel object where the kernel wants its own view of a socket': [
      [
        'ARGUMENT',
        'bpf_sk_fullsock takes a socket as "socket" that is no kernel object, got a tcp_sock',
        'Pass the socket that it was made from, and read the rest from the kernel object.',
      ],
      (b, skb) =>
        b.socketOf(skb, {
          some: (socket) =>
            helpersOf(b).skc_to_tcp_sock(
              { socket },
              {
                type: kernelType('tcp_sock', {}),
                some: (tcp) => void loose(b).sk_fullsock?.({ socket: tcp }, { some: () => {} }),
              },
            ),
        }),
    ],
  }
  test.each(Object.entries(cases))('%s', (_name, [expected, write]) => {
    const lines = report((b, _input, skb) => write(b, skb))
    expect(lines.map((line) => line.replace(/ \([\w.-]+:\d+\)$/, ''))).toEqual(expected)
  })

  test('a context without a socket', () => {
    expect(() => xdp('none', (b, ctx) => b.socketOf(ctx, { some: () => {} }))).toThrow(
      'a xdp_md has no socket',
    )
  })
})
