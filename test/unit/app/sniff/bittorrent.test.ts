import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sniffBittorrent } from '../../../../src/app/sniff/bittorrent.js';
import { latin1Bytes, sniffParts, verdictText } from '../../../helper/sniffing.js';
import { splits } from '../../../helper/split.js';

test('the handshake over TCP, in any parts', () => {
  for (const parts of splits(latin1Bytes(`\x13BitTorrent protocol${'\0'.repeat(48)}`))) {
    assert.equal(verdictText(sniffParts(sniffBittorrent, parts)), 'bittorrent');
  }
  assert.equal(sniffBittorrent(latin1Bytes('\x13BitTorrent protoco'), 'tcp').state, 'more');
  assert.equal(sniffBittorrent(latin1Bytes('\x13BitTorrent protocoL'), 'tcp').state, 'no');
  assert.equal(sniffBittorrent(latin1Bytes(''), 'tcp').state, 'more');
});

/** A µTP SYN: connection id 0x1234, a time, no delay, a window, sequence number 1, nothing acknowledged. */
const syn = '41001234aabbccdd00000000000f00000001' + '0000';

describe('datagrams', () => {
  const rows: readonly (readonly [name: string, hex: string, verdict: string])[] = [
    ['a µTP SYN', syn, 'bittorrent'],
    ['a µTP SYN with an extension', `4102${syn.slice(4)}0008${'00'.repeat(8)}`, 'bittorrent'],
    [
      'a µTP SYN with two extensions',
      `4102${syn.slice(4)}0108${'00'.repeat(8)}0004${'00'.repeat(4)}`,
      'bittorrent',
    ],
    ['an extension that is cut off', `4102${syn.slice(4)}0008${'00'.repeat(7)}`, 'no'],
    ['an unknown extension', `4105${syn.slice(4)}0000`, 'no'],
    ['a payload behind a SYN', `${syn}00`, 'no'],
    ['another version', `42${syn.slice(2)}`, 'no'],
    ['µTP data, which begins no connection', `01${syn.slice(2)}`, 'no'],
    ['a DNS query of 20 bytes', '4100012000010000000000000261620000010001'.slice(0, 40), 'no'],
    ['connecting to a tracker', '000004172710198000000000deadbeef', 'bittorrent'],
    ['a tracker answer', '00000000deadbeef0000041727101980', 'no'],
    ['nothing', '', 'no'],
  ];
  for (const [name, hex, verdict] of rows) {
    test(name, () => {
      assert.equal(verdictText(sniffBittorrent(Buffer.from(hex, 'hex'), 'udp')), verdict);
    });
  }

  test('a query of the hash table', () => {
    const ping = latin1Bytes(`d1:ad2:id20:${'x'.repeat(20)}e1:q4:ping1:t2:aa1:y1:qe`);
    assert.equal(verdictText(sniffBittorrent(ping, 'udp')), 'bittorrent');
    assert.equal(sniffBittorrent(ping.subarray(0, -1), 'udp').state, 'no');
  });
});
