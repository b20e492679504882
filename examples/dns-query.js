// Asks a DNS server for the IPv4 addresses of a name, over UDP through the server of a share link.
//
//     node examples/dns-query.js LINK example.com 1.1.1.1
import { randomInt } from 'node:crypto';
import { createClient } from 'tsray';

const [link, name = 'example.com', server = '1.1.1.1'] = process.argv.slice(2);
if (link === undefined) {
  console.error('usage: node examples/dns-query.js LINK [NAME] [SERVER]');
  process.exit(2);
}
const [host, port = '53'] = server.split(':');

/** A question for an A record (RFC 1035). */
function question(id, domain) {
  const labels = domain.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** The addresses in an answer to it. */
function addresses(message, questionBytes) {
  const found = [];
  let at = questionBytes;
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    // A name is a pointer of two bytes, or labels up to a zero byte.
    while (message[at] !== 0 && message[at] < 0xc0) at += message[at] + 1;
    at += message[at] === 0 ? 1 : 2;
    const type = message.readUInt16BE(at);
    const length = message.readUInt16BE(at + 8);
    if (type === 1) found.push([...message.subarray(at + 10, at + 14)].join('.'));
    at += 10 + length;
  }
  return found;
}

const client = createClient(link);
const socket = client.datagram();
const query = question(randomInt(65_536), name);
try {
  const answer = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer within 5 s')), 5_000);
    socket.on('error', reject);
    socket.on('message', (message) => {
      if (message.readUInt16BE(0) !== query.readUInt16BE(0)) return;
      clearTimeout(timer);
      resolve(message);
    });
    socket.send(query, Number(port), host);
  });
  console.log(addresses(answer, query.length).join('\n'));
} finally {
  await client.close();
}
