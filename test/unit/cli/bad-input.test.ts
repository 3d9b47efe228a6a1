import { describe, expect, test } from 'vitest'
import { runCommandLine } from './command-line.ts'

describe('what cannot be meant is refused with code 2, one line and a hint', () => {
  test.each([
    ['up eth0 --service 0', 'service "0": the port must be 1 to 65535, got 0'],
    ['up eth0 --service 70000', 'service "70000": the port must be 1 to 65535, got 70000'],
    ['up eth0 --service web', 'service "web": the port is missing'],
    ['up eth0 --service sctp/80', 'service "sctp/80": the protocol must be tcp or udp, got "sctp"'],
    ['up eth0 --service [2001:db8::1]:80', 'service "[2001:db8::1]:80": IPv6 is not supported yet'],
    ['up eth0 -s 80 -b 10.0.0.1', 'backend "10.0.0.1": the port is missing'],
    ['up eth0 -s 80 -b 10.0.0.1:0', 'backend "10.0.0.1:0": the port must be 1 to 65535, got 0'],
    ['up eth0 -s 80 -b 10.0.0.1:70000', 'backend "10.0.0.1:70000": the port must be 1 to 65535, got 70000'],
    ['up eth0 -s 80 -b [2001:db8::2]:80', 'backend "[2001:db8::2]:80": IPv6 is not supported yet'],
    [
      'up eth0 -s 80 -b 10.0.0.1:80,weight=0',
      'backend "10.0.0.1:80,weight=0": the weight must be 1 to 1000, got "0"',
    ],
    ['up eth0 --backend 10.0.0.1:80', '--backend must follow the --service it belongs to'],
    ['up eth0 --scheduler random', '--scheduler must follow the --service it belongs to'],
    ['service add 99999 --backend 10.0.0.1:80', 'service "99999": the port must be 1 to 65535, got 99999'],
    ['service remove x', 'service "x": the port is missing'],
    ['backend add 80 10.0.0.1', 'backend "10.0.0.1": the port is missing'],
    [
      'backend remove 80 10.0.0.1:80,weight=2',
      'backend "10.0.0.1:80,weight=2": one that is there already is named without options',
    ],
    ['backend drain 80 ::1', 'backend "::1": IPv6 is not supported yet'],
  ])('%s', async (line, message) => {
    const { code, stdout, stderr } = await runCommandLine(...line.split(' '))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const [error, hint, ...rest] = stderr.split('\n')
    expect(error).toBe(`error: ${message}`)
    expect(hint).toMatch(/^hint: ./)
    expect(rest).toEqual([''])
  })
})

describe('what the command line does not know is refused with code 2', () => {
  test.each([
    ['', /Usage: tsbpf-lb/],
    ['pu eth0', /unknown command 'pu'/],
    ['stats', /unknown command 'stats'\n\(Did you mean status\?\)/],
    ['up', /missing required argument 'interface'/],
    ['up eth0 eth1', /too many arguments/],
    ['up eth0 --servcie 80', /unknown option '--servcie'\n\(Did you mean --service\?\)/],
    ['up eth0 --attach xdp', /'xdp' is invalid. Allowed choices are tcx, clsact/],
    ['up eth0 -s 80 --scheduler best', /'best' is invalid. It must be random or round-robin/],
    ['up eth0 --lock-timeout soon', /'soon' is invalid. It must be a number of seconds, 0 to 3600/],
    ['up eth0 --lock-timeout -1', /It must be a number of seconds/],
    ['backend add 80', /missing required argument 'backend'/],
    ['inspect --format yaml', /'yaml' is invalid. Allowed choices are asm, full, hex, json, dot, html/],
  ])('"%s"', async (line, message) => {
    const { code, stdout, stderr } = await runCommandLine(...line.split(' ').filter((word) => word !== ''))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

test('--help and --version are no errors', async () => {
  const help = await runCommandLine('--help')
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/^Usage: tsbpf-lb/)
  expect(help.stdout).toContain('Exit codes: 0 ok')
  const version = await runCommandLine('--version')
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test.each(['up', 'down', 'status', 'flows', 'service', 'backend', 'inspect'])(
  '%s has help',
  async (command) => {
    const { code, stdout } = await runCommandLine(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: tsbpf-lb ${command}`)
  },
)
