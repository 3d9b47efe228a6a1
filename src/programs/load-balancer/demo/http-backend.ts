/**
 * A process of the demo: an HTTP server that answers every request with its own name, and ends with the demo.
 * Arguments: name, address, port.
 */
import { createServer } from 'node:http'

const [name = '', address = '', port = ''] = process.argv.slice(2)

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain')
  response.end(`${name}\n`)
})
// A connection that is held open without requests stays open.
server.keepAliveTimeout = 0
server.listen(Number(port), address, () => process.send?.({ kind: 'ready' }))

// Also when the demo was killed and could not say good-bye.
process.on('disconnect', () => process.exit())
