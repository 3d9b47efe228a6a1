// One host of a test network. It is started inside a network namespace and opens real sockets there, as the test
// tells it over the IPC channel; see peer.ts for what each call means. Plain JavaScript, because Node 20 runs it as
// it is.
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { createServer, connect as netConnect } from 'node:net'

const name = process.argv[2] ?? ''
/** How long to wait for an answer from the network: longer than any machine is slow. */
const patience = 20_000

const connections = new Map()
const listeners = new Map()
let nextId = 1

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const failure = (error) => error.code ?? error.message

const methods = {
  async listenHttp({ port, address = '0.0.0.0' }) {
    return await listen(createHttpServer({ keepAlive: false }, answer), address, port)
  },

  async listenEcho({ port, address = '0.0.0.0' }) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(`${name} ${socket.remoteAddress}:${socket.remotePort}\n`)
      socket.on('data', (data) => {
        if (data.includes('hang up\n')) socket.end()
        else socket.write(data)
      })
    })
    return await listen(server, address, port)
  },

  /** Echoes datagrams; `named`: with this host's name in front. */
  async listenUdp({ port, address = '0.0.0.0', named = true }) {
    const socket = createSocket('udp4')
    const record = { accepted: [], close: () => socket.close() }
    socket.on('message', (message, { address: from, port: fromPort }) => {
      record.accepted.push(`${from}:${fromPort}`)
      socket.send(named ? Buffer.concat([Buffer.from(`${name} `), message]) : message, fromPort, from)
    })
    socket.bind(port, address)
    await once(socket, 'listening')
    listeners.set(nextId, record)
    return nextId++
  },

  /** The clients that have connected to, or sent to, a listener: `address:port`. */
  accepted: ({ listener }) => listeners.get(listener).accepted,

  stop({ listener }) {
    listeners.get(listener).close()
    listeners.delete(listener)
  },

  /** Connects to an echo server. */
  async connect({ host, port, localPort, localAddress, timeout = patience }) {
    const socket = netConnect({ host, port, localPort, localAddress })
    const connection = { socket, text: '', error: undefined, closed: false }
    socket.setNoDelay(true)
    socket.on('error', (error) => {
      connection.error ??= failure(error)
    })
    socket.on('close', () => {
      connection.closed = true
    })
    socket.on('data', (data) => {
      connection.text += data
      socket.emit('progress')
    })
    const line = await nextLine(connection, timeout)
    if (line === undefined) {
      socket.destroy()
      return { error: connection.error ?? (connection.closed ? 'closed' : 'timeout') }
    }
    connections.set(nextId, connection)
    const [server, seen] = line.split(' ')
    return { id: nextId++, server, seen, localPort: socket.localPort }
  },

  /** Sends a line and returns what comes back: the line, or what went wrong. */
  async exchange({ id, text }) {
    const connection = connections.get(id)
    if (!connection.closed) connection.socket.write(`${text}\n`)
    const line = await nextLine(connection, patience)
    return line ?? connection.error ?? (connection.closed ? 'closed' : 'timeout')
  },

  /** `fin`: ends our side and waits for the server's; `reset`: sends RST. */
  async close({ id, how = 'fin' }) {
    const { socket } = connections.get(id)
    connections.delete(id)
    if (socket.closed) return
    const closed = once(socket, 'close')
    if (how === 'reset') socket.resetAndDestroy()
    else socket.end()
    await closed
  },

  /** Fetches a path over a new connection, `count` times, `atOnce` at a time. */
  async get({ host, port, path, count = 1, atOnce = 10, localPort }) {
    const results = []
    let left = count
    const work = async () => {
      while (left-- > 0) results.push(await request({ host, port, path, localPort }))
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work))
    return results.map(({ error, status, body }) => ({ error, status, body: body?.toString() }))
  },

  /** Opens `count` connections; when all are open, moves `size` bytes up and down on each, comparing hashes. */
  async transfer({ host, port, count, size }) {
    const sockets = await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = netConnect({ host, port })
        await once(socket, 'connect')
        return socket
      }),
    )
    const payload = randomBytes(size)
    const results = await Promise.all(
      sockets.map(async (socket, i) => {
        if (i % 2 === 0) {
          const { error, body, headers } = await request({ host, port, path: `/bytes/${size}`, socket })
          if (error !== undefined) return { error }
          return {
            server: headers['x-server'],
            bytes: body.length,
            same: sha256(body) === headers['x-sha256'],
          }
        }
        const upload = Buffer.from(payload)
        upload.writeUInt32BE(i)
        const { error, body, headers } = await request({ host, port, path: '/digest', socket, upload })
        if (error !== undefined) return { error }
        return { server: headers['x-server'], bytes: upload.length, same: sha256(upload) === `${body}` }
      }),
    )
    for (const socket of sockets) socket.destroy()
    return results
  },

  /** Sends one datagram from each of `count` sockets, again and again until an answer comes. */
  async udp({ host, port, count = 1, size = 16, localPort }) {
    return await Promise.all(Array.from({ length: count }, () => datagram(host, port, size, localPort)))
  },

  /** TCP and UDP counters of this network namespace, as in /proc/net/snmp. */
  counters() {
    const lines = readFileSync('/proc/self/net/snmp', 'utf8').trim().split('\n')
    const result = {}
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [kind, ...names] = lines[i].split(' ')
      const [, ...values] = lines[i + 1].split(' ')
      names.forEach((one, at) => {
        result[`${kind.slice(0, -1)}.${one}`] = Number(values[at])
      })
    }
    return result
  },
}

async function listen(server, address, port) {
  const sockets = new Set()
  const record = {
    accepted: [],
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  server.on('connection', (socket) => {
    record.accepted.push(`${socket.remoteAddress}:${socket.remotePort}`)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  // Hundreds of clients connect at once.
  server.listen({ host: address, port, backlog: 1024 })
  await once(server, 'listening')
  listeners.set(nextId, record)
  return nextId++
}

function answer(incoming, response) {
  response.setHeader('x-server', name)
  const size = /^\/bytes\/(\d+)$/.exec(incoming.url)?.[1]
  if (size !== undefined) {
    const body = randomBytes(Number(size))
    response.setHeader('x-sha256', sha256(body))
    response.end(body)
    return
  }
  if (incoming.url === '/digest') {
    const hash = createHash('sha256')
    incoming.on('data', (chunk) => hash.update(chunk))
    incoming.on('end', () => response.end(hash.digest('hex')))
    return
  }
  response.end(`${name} ${incoming.socket.remoteAddress}:${incoming.socket.remotePort}`)
}

/** One HTTP request over a connection of its own. Never rejects: what went wrong is in the result. */
function request({ host, port, path, localPort, socket, upload }) {
  return new Promise((resolve) => {
    const outgoing = httpRequest({
      host,
      port,
      path,
      localPort,
      method: upload === undefined ? 'GET' : 'POST',
      timeout: patience,
      // With an agent, even none, it would open a connection of its own.
      ...(socket === undefined ? { agent: false } : { createConnection: () => socket }),
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', (error) => resolve({ error: failure(error) }))
    outgoing.on('response', (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', (error) => resolve({ error: failure(error) }))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    outgoing.end(upload)
  })
}

async function nextLine(connection, timeout) {
  const { socket } = connection
  const deadline = Date.now() + timeout
  for (;;) {
    const end = connection.text.indexOf('\n')
    if (end >= 0) {
      const line = connection.text.slice(0, end)
      connection.text = connection.text.slice(end + 1)
      return line
    }
    if (connection.closed || Date.now() >= deadline) return undefined
    await new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        socket.off('progress', done).off('close', done)
        resolve()
      }
      const timer = setTimeout(done, deadline - Date.now())
      socket.on('progress', done).on('close', done)
    })
  }
}

/** A datagram from a connected socket: only the address it was sent to can answer. */
async function datagram(host, port, size, localPort) {
  const socket = createSocket('udp4')
  try {
    if (localPort !== undefined) socket.bind(localPort)
    socket.connect(port, host)
    await once(socket, 'connect')
    const payload = randomBytes(size)
    const result = new Promise((resolve) => {
      socket.on('message', (message, from) => resolve({ message, from }))
      socket.on('error', (error) => resolve({ error: failure(error) }))
      setTimeout(() => resolve({ error: 'timeout' }), patience).unref()
    })
    const send = () => socket.send(payload, () => {})
    send()
    const again = setInterval(send, 500)
    const { message, from, error } = await result
    clearInterval(again)
    if (error !== undefined) return { error }
    const whole = message.equals(payload)
    const named = !whole && message.subarray(-size).equals(payload)
    return {
      server: named ? message.subarray(0, -size - 1).toString() : undefined,
      from: `${from.address}:${from.port}`,
      localPort: socket.address().port,
      intact: whole || named,
    }
  } finally {
    socket.close()
  }
}

process.on('message', async ({ call, method, args }) => {
  try {
    process.send({ call, result: await methods[method](args ?? {}) })
  } catch (error) {
    process.send({ call, error: error.stack ?? String(error) })
  }
})
// The test is gone, however it ended.
process.on('disconnect', () => process.exit())
