/** VMess headers and bodies, in JavaScript and through the addon where it was built. */
import assert from 'node:assert/strict';
import { defaultCrypto } from '../../../src/crypto/index.js';
import { nodeCrypto } from '../../../src/crypto/node.js';
import type { CryptoProvider } from '../../../src/crypto/provider.js';
import { fnv1a32 } from '../../../src/crypto/pure/fnv1a32.js';
import { createBodyDecoder, createBodyEncoder } from '../../../src/proxy/vmess/body/index.js';
import { decodeSwitchAccount } from '../../../src/proxy/vmess/commands.js';
import { decodeRequestHeader } from '../../../src/proxy/vmess/header/request.js';
import { ResponseHeaderDecoder } from '../../../src/proxy/vmess/header/response.js';
import { deriveSessionKeys } from '../../../src/proxy/vmess/header/session-keys.js';
import { ServerHandshake } from '../../../src/proxy/vmess/server-handshake.js';
import { createServerState } from '../../../src/proxy/vmess/server-state.js';
import { UserTable } from '../../../src/proxy/vmess/user-table.js';
import { parseUserId, parseUuid } from '../../../src/proxy/vmess/uuid.js';
import { allFormats, requestKeys } from '../../contract/body/pair.js';
import { headerVectors } from '../../helper/header-vectors.js';
import { seededRandom } from '../../helper/seeded-random.js';
import { assertTyped, type FuzzTarget, fromHex, packetTarget, textTarget } from '../target.js';

const random = seededRandom(7);
const providers: readonly (readonly [name: string, crypto: CryptoProvider])[] =
  defaultCrypto().addon === undefined
    ? [['node', nodeCrypto]]
    : [
        ['node', nodeCrypto],
        ['addon', defaultCrypto()],
      ];

const nowSeconds = 1_700_000_000;
const users = headerVectors.userIds.map(({ uuid }, index) => ({
  id: fromHex(uuid),
  alterId: 2,
  email: `u${index}`,
  level: 0,
}));

const requestHeaders = headerVectors.aeadRequestHeader
  .map(({ wire }) => fromHex(wire))
  .concat(headerVectors.legacyRequestHeader.map(({ wire }) => fromHex(wire)));

function serverTarget([name, crypto]: (typeof providers)[number]): FuzzTarget {
  const table = new UserTable(crypto, users);
  return {
    name: `VMess request, ${name}`,
    seeds: requestHeaders,
    throws: 'nothing',
    run(parts) {
      const state = createServerState({ crypto, random, nowSeconds: () => nowSeconds, users: table });
      const handshake = new ServerHandshake(
        state,
        { aeadForced: false, disableInsecureEncryption: false },
        '',
      );
      for (const part of parts) {
        const step = handshake.push(part);
        if (step.state === 'drain' || step.state === 'close') assertTyped(step.error);
        if (step.state !== 'more') return;
      }
      handshake.abandon();
    },
  };
}

function responseTarget([name, crypto]: (typeof providers)[number], kind: 'aead' | 'legacy'): FuzzTarget {
  const keys = deriveSessionKeys(crypto, kind, requestKeys.requestKey, requestKeys.requestIv, 0x5a);
  return {
    name: `VMess response, ${kind}, ${name}`,
    seeds: headerVectors.responseHeader.filter(({ mode }) => mode === kind).map(({ wire }) => fromHex(wire)),
    throws: 'nothing',
    run(parts) {
      const decoder = new ResponseHeaderDecoder(crypto, kind, keys);
      for (const part of parts) {
        const step = decoder.push(part);
        if (step.state === 'failed') assertTyped(step.error);
        if (step.state === 'done') decodeSwitchAccount(step.header);
        if (step.state !== 'more') return;
      }
    },
  };
}

/** Honest bodies of every format, three chunks each; the first two bytes of an input say which format reads it. */
function bodyTarget([name, crypto]: (typeof providers)[number]): FuzzTarget {
  const seeds = allFormats.map((format, index) => {
    const encoder = createBodyEncoder(format, requestKeys, crypto, seededRandom(3));
    const out = new Uint8Array(encoder.maxWireBytes(300) * 4);
    let end = 0;
    for (const length of [1, 100, 300]) {
      const payload = new Uint8Array(length).fill(length);
      end =
        format.command === 'udp'
          ? encoder.encodePacket(payload, out, end)
          : encoder.encode(payload, out, end);
    }
    end = encoder.encodeEnd(out, end);
    encoder.close();
    return Uint8Array.of(index >> 8, index, ...out.subarray(0, end));
  });
  return {
    name: `VMess body, ${name}`,
    seeds,
    throws: 'nothing',
    run(parts) {
      const [first = new Uint8Array(0), ...rest] = parts;
      const format = allFormats[(((first[0] ?? 0) << 8) | (first[1] ?? 0)) % allFormats.length]!;
      const decoder = createBodyDecoder(format, requestKeys, crypto);
      for (const part of [first.subarray(2), ...rest]) {
        const bound = decoder.maxPayloadBytes(part.length);
        const out = new Uint8Array(bound + 1).fill(0xee);
        const written = decoder.push(part, out);
        assert.ok(written <= bound && out[bound] === 0xee, 'wrote beyond maxPayloadBytes');
        if (decoder.state === 'failed') assertTyped(decoder.failure);
        if (decoder.state !== 'open') break;
      }
      decoder.close();
    },
  };
}

export const vmessTargets: readonly FuzzTarget[] = [
  ...providers.flatMap((provider) => [
    serverTarget(provider),
    responseTarget(provider, 'aead'),
    responseTarget(provider, 'legacy'),
    bodyTarget(provider),
  ]),
  packetTarget(
    'VMess header in plain',
    headerVectors.plainHeader.map(({ plain }) => fromHex(plain)),
    'typed',
    (bytes) => decodeRequestHeader(bytes),
  ),
  packetTarget(
    'VMess SwitchAccount',
    headerVectors.switchAccount.map(({ data }) => fromHex(data).subarray(4)),
    'nothing',
    (data) => {
      // With its checksum, so that what is behind it is read.
      const commandData = new Uint8Array(4 + data.length);
      new DataView(commandData.buffer).setUint32(0, fnv1a32(data));
      commandData.set(data, 4);
      decodeSwitchAccount({ options: 0, command: 1, commandData });
    },
  ),
  textTarget('user ID', ['b831381d-6324-4d53-ad4f-8cda48b30811', 'example'], 'nothing', (text) => {
    parseUuid(text);
    parseUserId(nodeCrypto, text);
  }),
];
