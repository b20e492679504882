// A server that serves one target in its own process: http://status.internal/ exists only for its users, and
// status.internal answers datagrams too. Everything else goes out as usual.
//
//     node examples/custom-target.js 10086
import { createServer as createHttpServer } from 'node:http';
import { createServer, generateId } from 'tsray';

const [port = '10086', id = generateId()] = process.argv.slice(2);

const started = Date.now();
const web = createHttpServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({ path: request.url, connections: server.connections, upMs: Date.now() - started }),
  );
});

const server = createServer({
  users: [{ id, email: 'ann@example.com' }],
  listen: { port: Number(port) },
  handler({ host }, stream) {
    if (host !== 'status.internal') return false;
    // Node's HTTP server takes any stream as a connection.
    web.emit('connection', stream);
    return true;
  },
  datagramHandler({ host }, datagrams) {
    if (host !== 'status.internal') return false;
    datagrams.on('message', () => datagrams.send(`${server.connections} connections`));
    return true;
  },
});

await server.start();
console.log(`user ${id} may connect to port ${server.port}`);
process.once('SIGTERM', () => server.close());
