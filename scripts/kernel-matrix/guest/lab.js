// The network the suite runs in: a client and three backends, each in a namespace of its own, around the guest, which
// is the balancer.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { succeed, succeedJson } from './commands.js'

/** The balancer's address towards the client. */
export const vip = '10.1.0.1'

/** Names and addresses of the backends; the balancer is `.1` in each network. */
export const backends = [1, 2, 3].map((n) => ({
  name: `b${n}`,
  address: `10.2.${n}.2`,
  balancer: `10.2.${n}.1`,
  gateway: `eth${n}`,
}))

/** Builds it. @returns the peers: `client` and `servers` */
export async function makeLab() {
  const ip = async (line) => await succeed('ip', ...line.split(' '))
  await ip('link set lo up')
  const join = async (name, near, nearAddress, farAddress) => {
    await ip(`netns add ${name}`)
    await ip(`link add ${near} type veth peer name eth0 netns ${name}`)
    await ip(`addr add ${nearAddress}/24 dev ${near}`)
    await ip(`link set ${near} up`)
    await ip(`-n ${name} addr add ${farAddress}/24 dev eth0`)
    await ip(`-n ${name} link set eth0 up`)
    await ip(`-n ${name} link set lo up`)
    return new Peer(name)
  }
  const client = await join('client', 'eth0', vip, '10.1.0.2')
  const servers = []
  for (const { name, address, balancer, gateway } of backends)
    servers.push(await join(name, gateway, balancer, address))
  for (const server of servers) {
    await server.call('listenHttp', { port: 8080 })
    await server.call('listenEcho', { port: 7000 })
    await server.call('listenUdp', { port: 5353 })
  }
  return { client, servers }
}

/** Runs `body` while a module cannot be loaded, as if its package were not installed. */
export async function withoutModules(names, body) {
  const [release] = readdirSync('/usr/lib/modules')
  const list = `/usr/lib/modules/${release}/modules.dep`
  const lines = readFileSync(list, 'utf8').split('\n')
  const ofThese = (line) => names.some((name) => line.split(':')[0].endsWith(`/${name}.ko`))
  writeFileSync(list, lines.filter((line) => !ofThese(line)).join('\n'))
  try {
    await body()
  } finally {
    writeFileSync(list, lines.join('\n'))
  }
}

/** Everything that `down` has to leave as `up` found it. */
export async function snapshot() {
  const links = await succeedJson('ip', '-json', '-details', 'link')
  const rulesets = await succeed('nft', 'list', 'ruleset')
  return {
    links: links.map(({ ifname, flags, mtu, xdp }) => ({ ifname, flags, mtu, xdp })),
    qdiscs: await succeedJson('tc', '-json', 'qdisc', 'show'),
    rules: rulesets.trim(),
    pins: readdirSync('/sys/fs/bpf', { recursive: true }),
    programs: await ids('prog'),
    maps: await ids('map'),
    bpfLinks: await ids('link'),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim(),
  }
}

async function ids(kind) {
  const list = await succeedJson('bpftool', '-j', kind, 'list')
  return list.map(({ id }) => id)
}

/** A process in a namespace that opens sockets as it is told; see peer-process.js for the calls. */
class Peer {
  #process
  #waiting = new Map()
  #calls = 0

  constructor(name) {
    const command = ['netns', 'exec', name, 'node', '/suite/peer-process.js', name]
    this.#process = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#process.on('message', ({ call, result, error }) => {
      const { resolve, reject } = this.#waiting.get(call)
      this.#waiting.delete(call)
      if (error === undefined) resolve(result)
      else reject(new Error(`${name}: ${error}`))
    })
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} has ended: ${code}`))
    })
  }

  /** Calls a method of the process. */
  async call(method, args) {
    const call = this.#calls++
    return await new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject })
      this.#process.send({ call, method, args })
    })
  }
}
