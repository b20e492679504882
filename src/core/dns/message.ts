/**
 * Questions for addresses, and the replies to them (RFC 1035). Pure. The npm package dns-packet reads and writes the
 * records.
 */
import { type Answer, encode, type OptAnswer } from 'dns-packet';
import { type Address, parseAddress } from '../net/address.js';
import { type AddressType, decodePacket, headerFlags, malformed, rcodes } from './packet.js';

const typeNames = { ipv4: 'A', ipv6: 'AAAA' } as const;

/** Longer answers are cut: nobody dials so many addresses. */
const maxAddresses = 256;

/** Set with a client subnet, as V2Ray does; some servers ignore the option otherwise. */
const dnssecOk = 0x8000;
/** V2Ray's. */
const subnetUdpBytes = 1350;
/** V2Ray's: a whole household in IPv4. */
const subnetBits = { ipv4: 24, ipv6: 96, domain: 0 } as const;

export interface AddressQuestion {
  /** 0 … 65535. */
  readonly id: number;
  /** As `queryName` gives it. */
  readonly name: string;
  readonly type: AddressType;
}

/** A query for addresses. `clientSubnet`: an IP whose network is told to the server (RFC 7871). */
export function encodeQuery({ id, name, type }: AddressQuestion, clientSubnet?: Address): Uint8Array {
  return encode({
    type: 'query',
    id,
    flags: headerFlags.recursionDesired,
    questions: [{ type: typeNames[type], name }],
    ...(clientSubnet === undefined ? {} : { additionals: [subnetRecord(clientSubnet)] }),
  });
}

function subnetRecord({ host, kind }: Address): OptAnswer {
  // Fields that the package fills in itself are missing in its types.
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: subnetUdpBytes,
    flags: dnssecOk,
    options: [
      { code: 'CLIENT_SUBNET', ip: host, sourcePrefixLength: subnetBits[kind], scopePrefixLength: 0 },
    ],
  } as unknown as OptAnswer;
}

export interface AddressReply {
  readonly rcode: number;
  /** Cut short: the whole of it is to be had over TCP. */
  readonly truncated: boolean;
  /** Of the type that was asked for. */
  readonly addresses: readonly Address[];
  /** How long it holds, seconds. Undefined: nothing in it says so. */
  readonly ttlSeconds: number | undefined;
}

/** The reply to `asked`. Throws ERR_PROTOCOL for damaged bytes, and for a reply to anything else. */
export function decodeReply(bytes: Uint8Array, asked: AddressQuestion): AddressReply {
  const packet = decodePacket(bytes);
  const [question, ...more] = packet.questions ?? [];
  const answers = packet.answers ?? [];
  const rcode = (packet.flags ?? 0) & headerFlags.rcode;
  const ours =
    packet.type === 'response' &&
    packet.id === asked.id &&
    more.length === 0 &&
    // Servers that cannot read a query repeat nothing of it.
    (question === undefined
      ? answers.length === 0 && rcode !== rcodes.noError
      : question.type === typeNames[asked.type] && question.name.toLowerCase() === asked.name);
  if (!ours) throw malformed('a DNS reply is not to the question that was asked');
  const wanted = answers.filter((answer) => answer.type === typeNames[asked.type]);
  const addresses = wanted.slice(0, maxAddresses).map(addressOf);
  return {
    rcode,
    truncated: ((packet.flags ?? 0) & headerFlags.truncated) !== 0,
    addresses,
    ttlSeconds: addresses.length > 0 ? smallestTtl(answers) : negativeTtl(packet.authorities ?? []),
  };
}

function addressOf(answer: Answer): Address {
  const address = parseAddress(String((answer as { readonly data: string }).data));
  if (address.kind === 'domain') throw malformed('an address in a DNS reply has the wrong length');
  return address;
}

/** Those of CNAMEs on the way included. */
function smallestTtl(answers: readonly Answer[]): number {
  return Math.min(...answers.filter(({ type }) => type !== 'OPT').map(ttlOf));
}

/** RFC 2308, section 5: of the SOA record, the smaller of its own TTL and its last field. */
function negativeTtl(authorities: readonly Answer[]): number | undefined {
  for (const record of authorities) {
    if (record.type === 'SOA') return Math.min(ttlOf(record), record.data.minimum ?? 0);
  }
  return undefined;
}

/** RFC 2181, section 8: with the highest bit set it is zero. */
function ttlOf(record: Answer): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0;
  return ttl > 0x7fff_ffff ? 0 : ttl;
}
