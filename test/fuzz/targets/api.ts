/** Calls of the gRPC API: configurations inside messages, and frames. */
import { FrameReader } from '../../../src/app/api/frames.js';
import { HandlerFault } from '../../../src/app/api/handler-fault.js';
import { inboundConfig, inboundJson } from '../../../src/app/api/inbound-json.js';
import { decodeMessage, encodeMessage, type Message } from '../../../src/app/api/message.js';
import { outboundConfig, outboundJson } from '../../../src/app/api/outbound-json.js';
import { userMessage, vmessAccount } from '../../../src/app/api/proxy-messages.js';
import { streamMessage } from '../../../src/app/api/stream-json.js';
import { outboundUserJson } from '../../../src/app/api/user-json.js';
import { MalformedMessage } from '../../../src/core/protobuf.js';
import { type FuzzTarget, packetTarget } from '../target.js';

function callTarget(
  name: string,
  seeds: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
): FuzzTarget {
  return packetTarget(name, seeds, 'nothing', (bytes) => {
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage || error instanceof HandlerFault)) throw error;
    }
  });
}

const account = encodeMessage(vmessAccount, { id: 'b831381d-6324-4d53-ad4f-8cda48b30811', alterId: 4 });
const user: Message = {
  level: 1,
  email: 'a@b',
  account: { type: 'v2ray.core.proxy.vmess.Account', value: account },
};
const stream: Message = {
  name: 'websocket',
  transports: [
    {
      name: 'websocket',
      settings: {
        type: 'v2ray.core.transport.internet.websocket.Config',
        value: Buffer.from('12022f61', 'hex'),
      },
    },
  ],
};
const receiver = encodeMessage(
  {
    ports: { number: 1, type: { from: { number: 1, type: 'number' }, to: { number: 2, type: 'number' } } },
    stream: { number: 4, type: streamMessage },
  },
  { ports: { from: 1000, to: 1001 }, stream },
);
const inbound = encodeMessage(inboundConfig, {
  tag: 'a',
  receiver: { type: 'v2ray.core.app.proxyman.ReceiverConfig', value: receiver },
  proxy: {
    type: 'v2ray.core.proxy.vmess.inbound.Config',
    value: encodeMessage({ user: { number: 1, type: userMessage, repeated: true } }, { user: [user] }),
  },
});
const outbound = encodeMessage(outboundConfig, {
  tag: 'a',
  sender: {
    type: 'xray.app.proxyman.SenderConfig',
    value: encodeMessage({ stream: { number: 2, type: streamMessage } }, { stream }),
  },
  proxy: { type: 'v2ray.core.proxy.freedom.Config', value: Buffer.from('0801', 'hex') },
});

export const apiTargets: readonly FuzzTarget[] = [
  callTarget('inbounds of API calls', [inbound], (bytes) => inboundJson(decodeMessage(inboundConfig, bytes))),
  callTarget('outbounds of API calls', [outbound], (bytes) =>
    outboundJson(decodeMessage(outboundConfig, bytes)),
  ),
  callTarget('users of API calls', [encodeMessage(userMessage, user)], (bytes) =>
    outboundUserJson(decodeMessage(userMessage, bytes)),
  ),
  callTarget('frames of API calls', [Buffer.from('00000000026162', 'hex')], (bytes) => {
    const reader = new FrameReader(() => undefined, 1024);
    const middle = bytes.length >> 1;
    reader.push(Buffer.from(bytes.subarray(0, middle)));
    reader.push(Buffer.from(bytes.subarray(middle)));
  }),
];
