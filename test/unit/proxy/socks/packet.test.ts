import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePacket, encodePacketHeader } from '../../../../src/proxy/socks/packet.js';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

const cases: readonly [name: string, header: string, host: string, port: number][] = [
  ['IPv4', '000000 01 08080808 0035', '8.8.8.8', 53],
  ['IPv6', '000000 04 20010db8000000000000000000000001 01bb', '2001:db8::1', 443],
  ['a name', '000000 03 0b 6578616d706c652e636f6d 0050', 'example.com', 80],
];

for (const [name, header, host, port] of cases) {
  test(`a datagram for ${name}: header and payload`, () => {
    const packet = decodePacket(Buffer.concat([hex(header), Buffer.from('payload')]));
    assert.equal(packet?.remote.address.host, host);
    assert.equal(packet.remote.port, port);
    assert.equal(Buffer.from(packet.payload).toString(), 'payload');
    assert.deepEqual(Buffer.from(encodePacketHeader(packet.remote)), Buffer.from(hex(header)));
  });

  test(`a datagram for ${name} that is cut off anywhere in its header is dropped`, () => {
    const bytes = hex(header);
    for (let length = 0; length < bytes.length; length += 1) {
      assert.equal(decodePacket(bytes.subarray(0, length)), undefined);
    }
    assert.equal(decodePacket(bytes)?.payload.length, 0);
  });
}

test('fragments, unknown address types and names that cannot be names are dropped', () => {
  assert.equal(decodePacket(hex('000001 01 08080808 0035 aa')), undefined);
  assert.equal(decodePacket(hex('000080 01 08080808 0035 aa')), undefined);
  assert.equal(decodePacket(hex('000000 02 08080808 0035 aa')), undefined);
  assert.equal(decodePacket(hex('000000 03 01 20 0035 aa')), undefined);
});
