/** Runs a sniffer over bytes that arrive in parts. */
import type { Sniffer, SniffStep } from '../../src/contract/sniffer.js';

/** The first verdict while `parts` arrive one after the other; `more` if there is none. */
export function sniffParts(sniffer: Sniffer, parts: readonly Uint8Array[]): SniffStep {
  let bytes = new Uint8Array(0);
  for (const part of parts) {
    bytes = new Uint8Array(Buffer.concat([bytes, part]));
    const step = sniffer(bytes, 'tcp');
    if (step.state !== 'more') return step;
  }
  return { state: 'more' };
}

/** `tls quic.example`, `bittorrent`, `no`, `more` */
export function verdictText(step: SniffStep): string {
  if (step.state !== 'found') return step.state;
  const { domain, protocol } = step.sniffed;
  return domain === undefined ? protocol : `${protocol} ${domain}`;
}

export function latin1Bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** The bytes of a TLS record cut into records of `length` bytes of content. */
export function inRecords(record: Uint8Array, length: number): Uint8Array {
  const content = record.subarray(5);
  const records: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += length) {
    const part = content.subarray(at, at + length);
    records.push(Uint8Array.of(0x16, 3, 1, part.length >> 8, part.length & 0xff), part);
  }
  return new Uint8Array(Buffer.concat(records));
}
