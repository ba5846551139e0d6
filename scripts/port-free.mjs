// Ends with 1 and one sentence if a port is in use: port-free.mjs HOST PORT
import { createServer } from 'node:net'

const [host, port] = process.argv.slice(2)
const server = createServer()
server.once('error', (error) => {
  const why = error.code === 'EADDRINUSE' ? 'is in use already' : `cannot be used (${error.code})`
  console.error(`Port ${port} of ${host} ${why}: choose another one with PORT=…`)
  process.exit(1)
})
server.listen(Number(port), host, () => server.close())
