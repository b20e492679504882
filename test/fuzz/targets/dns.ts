/** DNS: replies of servers, questions of clients, messages on streams, and the system's files. */
import { encode } from 'dns-packet';
import { decodeQuery, encodeAnswer, encodeRefusal } from '../../../src/core/dns/client-query.js';
import { decodeReply } from '../../../src/core/dns/message.js';
import { queryName } from '../../../src/core/dns/name.js';
import { StreamMessages } from '../../../src/core/dns/stream-messages.js';
import { parseHostsFile } from '../../../src/transport/dns/hosts-file.js';
import { parseHostSources } from '../../../src/transport/dns/name-service.js';
import { fullNames, parseResolvConf } from '../../../src/transport/dns/resolv-conf.js';
import { type FuzzTarget, packetTarget, textTarget } from '../target.js';

const asked = { id: 5, name: 'a.example', type: 'ipv4' } as const;
const question = { type: 'A', name: 'a.example' } as const;
const edns = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  flags: 0,
  options: [{ code: 'CLIENT_SUBNET', ip: '127.0.0.1', sourcePrefixLength: 24 }],
} as never;

const replies = [
  encode({
    type: 'response',
    id: 5,
    flags: 0x0180,
    questions: [question],
    answers: [
      { type: 'CNAME', name: 'a.example', ttl: 1, data: 'b.example' },
      { type: 'A', name: 'b.example', ttl: 1, data: '127.0.0.1' },
      { type: 'AAAA', name: 'b.example', ttl: 1, data: '::1' },
      { type: 'TXT', name: 'b.example', ttl: 1, data: ['text'] },
    ],
    additionals: [edns],
  }),
  encode({
    type: 'response',
    id: 5,
    flags: 0x0183,
    questions: [question],
    authorities: [
      {
        type: 'SOA',
        name: 'example',
        ttl: 1,
        data: { mname: 'n', rname: 'r', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 1 },
      },
    ],
  }),
];

const queries = [
  encode({ type: 'query', id: 5, flags: 0x0100, questions: [question], additionals: [edns] }),
  encode({ type: 'query', id: 5, questions: [{ type: 'MX', name: 'a.example' }] }),
];

export const dnsTargets: readonly FuzzTarget[] = [
  packetTarget('DNS reply', replies, 'typed', (bytes) => decodeReply(bytes, asked)),
  packetTarget('DNS question', queries, 'nothing', (bytes) => {
    const query = decodeQuery(bytes);
    if (query === undefined) encodeRefusal(bytes, 1);
    else encodeAnswer(query, { rcode: 0 }, 512);
  }),
  {
    name: 'DNS on a stream',
    seeds: [Buffer.concat([Buffer.from([0, queries[0]!.length]), queries[0]!])],
    throws: 'typed',
    run(parts) {
      const messages = new StreamMessages();
      for (const part of parts) messages.push(part);
    },
  },
  textTarget('names of DNS', ['bücher.example.', 'a.b-c._d'], 'nothing', queryName),
  textTarget('hosts file', ['127.0.0.1 a b # c\n::1 d\n'], 'nothing', parseHostsFile),
  textTarget('resolv.conf', ['nameserver ::1\nsearch a b\noptions ndots:2\n'], 'nothing', (text) =>
    fullNames('a', parseResolvConf(text)),
  ),
  textTarget('nsswitch.conf', ['hosts: files [!UNAVAIL=return] dns\n'], 'nothing', parseHostSources),
];
