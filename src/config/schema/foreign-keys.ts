/**
 * Keys of V2Ray, v2ray-core 5 and Xray that tsray does not obey, by section, each with the reason. What decides who is
 * reached, by which way, or what is sent is an error; comforts draw a warning. Keys that are obeyed are in the schemas.
 */
import { deepEmpty, everyMember } from '../check/empty.js';
import { unsupported } from './types.js';

interface ForeignKey {
  /** A whole statement. */
  readonly reason: string;
  /**
   * `essential`: without it the handler would do something else than its owner wanted, and is given up; `refused`: it
   * can be left out by --ignore-unsupported; `comfort`: it is left out with a warning.
   */
  readonly kind: 'essential' | 'refused' | 'comfort';
  /** Values that ask for nothing, beside empty and false ones. */
  readonly harmless?: (value: unknown) => boolean;
}

type Section = Readonly<Record<string, ForeignKey>>;

const essential = (reason: string, harmless?: (value: unknown) => boolean): ForeignKey => ({
  reason,
  kind: 'essential',
  ...(harmless === undefined ? {} : { harmless }),
});
const refused = (reason: string, harmless?: (value: unknown) => boolean): ForeignKey => ({
  reason,
  kind: 'refused',
  ...(harmless === undefined ? {} : { harmless }),
});
const comfort = (reason: string, harmless?: (value: unknown) => boolean): ForeignKey => ({
  reason,
  kind: 'comfort',
  ...(harmless === undefined ? {} : { harmless }),
});

const oneOfWords =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && words.includes(value.toLowerCase());

const nodeSetsNone = (name: string): string => `${name} is not supported by tsray: Node.js cannot set it`;

const beyondTls = (name: string): string => `${name} is not supported by tsray`;

export const foreignKeys = {
  root: {
    // An outbound that asks for it (`useBrowserForwarding`) is an error.
    browserForwarder: comfort(
      'browserForwarder is not supported by tsray: no connection goes through a browser',
    ),
    geodata: comfort('geodata is not supported by tsray: it downloads no data files'),
    version: comfort('version says which versions of another program the file is for'),
    env: refused('env is not supported by tsray: set the variables where tsray is started'),
  },
  outbound: {
    targetStrategy: refused(
      'targetStrategy is not supported by tsray: targets are sent to the server as the client names them',
      oneOfWords('asis'),
    ),
  },
  freedom: {
    fragment: refused('fragment is not supported by tsray: what is sent leaves in one piece'),
    noise: refused('noise is not supported by tsray: no packets are sent ahead of the first'),
    noises: refused('noises is not supported by tsray: no packets are sent ahead of the first'),
    proxyProtocol: essential(
      'proxyProtocol of freedom is not supported by tsray: a target that expects the header would refuse every connection',
    ),
    ipsBlocked: essential(
      'ipsBlocked is not supported by tsray, nor by newer Xray: write "finalRules": [{ "action": "block", "ip": [ ... ] }]',
    ),
  },
  httpOutbound: {
    headers: essential(
      'headers of an http outbound are not supported by tsray: the upstream may ask for them',
    ),
    // Saves one way to the server and back.
    h1SkipWaitForReply: comfort('h1SkipWaitForReply is not supported by tsray: the answer is waited for'),
  },
  dokodemo: {
    portMap: essential('portMap is not supported by tsray: write an inbound for each port'),
  },
  stream: {
    address: comfort(
      'address in "streamSettings" belongs to Xray\'s downloadSettings and has no effect here',
    ),
    port: comfort('port in "streamSettings" belongs to Xray\'s downloadSettings and has no effect here'),
  },
  finalmask: {
    tcp: essential(
      'masks for TCP (finalmask) are not supported by tsray: the server would not understand what is sent',
    ),
    quicParams: comfort('quicParams belongs to transports that tsray does not have'),
  },
  ws: {
    useBrowserForwarding: essential('useBrowserForwarding is not supported by tsray'),
  },
  kcp: {
    cwndMultiplier: comfort('cwndMultiplier is not supported by tsray', (value) => value === 1),
    maxSendingWindow: comfort(
      'maxSendingWindow is not supported by tsray: writeBufferSize bounds the window',
    ),
  },
  sockopt: {
    bindToDevice: essential(nodeSetsNone('bindToDevice')),
    interface: essential(nodeSetsNone('interface')),
    v6only: essential('v6only is not supported by tsray: listen on an address of one family instead'),
    customSockopt: essential(nodeSetsNone('customSockopt')),
    addressPortStrategy: essential(
      'addressPortStrategy is not supported by tsray: servers are not looked up in SRV and TXT records',
      oneOfWords('none'),
    ),
    happyEyeballs: comfort(
      'happyEyeballs cannot be tuned in tsray: addresses are tried 250 ms apart',
      deepEmpty,
    ),
    trustedXForwardedFor: comfort(
      'trustedXForwardedFor is not supported by tsray: the header is read where "parseXForwardedFor" is set',
    ),
    penetrate: comfort('penetrate belongs to a transport that tsray does not have'),
    tcpFastOpen: comfort(nodeSetsNone('tcpFastOpen')),
    // 4096 is V2Ray's own default.
    tcpFastOpenQueueLength: comfort(nodeSetsNone('tcpFastOpenQueueLength'), (value) => value === 4096),
    mptcp: comfort(nodeSetsNone('mptcp')),
    tcpMptcp: comfort(nodeSetsNone('tcpMptcp')),
    rxBufSize: comfort(nodeSetsNone('rxBufSize')),
    txBufSize: comfort(nodeSetsNone('txBufSize')),
    forceBufSize: comfort(nodeSetsNone('forceBufSize')),
    tcpCongestion: comfort(nodeSetsNone('tcpCongestion')),
    tcpMaxSeg: comfort(nodeSetsNone('tcpMaxSeg')),
    tcpWindowClamp: comfort(nodeSetsNone('tcpWindowClamp')),
    tcpUserTimeout: comfort(nodeSetsNone('tcpUserTimeout')),
  },
  tls: {
    fingerprint: refused(
      "fingerprint cannot be had with Node's TLS: a ClientHello always looks like Node.js's",
      oneOfWords('unsafe'),
    ),
    echConfig: refused(beyondTls('echConfig')),
    echConfigList: refused(beyondTls('echConfigList')),
    echForceQuery: refused(beyondTls('echForceQuery')),
    echServerKeys: refused(beyondTls('echServerKeys')),
    echDohServer: refused(beyondTls('echDohServer')),
    echSockopt: refused(beyondTls('echSockopt')),
    curvePreferences: refused(beyondTls('curvePreferences')),
    pinnedPeerCertificateSha256: refused(beyondTls('pinnedPeerCertificateSha256')),
    pinnedPeerCertificatePublicKeySha256: refused(beyondTls('pinnedPeerCertificatePublicKeySha256')),
    masterKeyLog: refused(beyondTls('masterKeyLog'), oneOfWords('none')),
    verifyClientCertificate: essential(
      'verifyClientCertificate is not supported by tsray: clients would get in without a certificate',
    ),
    allowInsecureCiphers: refused(beyondTls('allowInsecureCiphers')),
    rejectUnknownSni: refused(beyondTls('rejectUnknownSni')),
  },
} as const satisfies Readonly<Record<string, Section>>;

type Unsupported = ReturnType<typeof unsupported>;

/** The entries of an object schema for the foreign keys of a section. */
export function foreign<const TSection extends keyof typeof foreignKeys>(
  section: TSection,
): { readonly [K in keyof (typeof foreignKeys)[TSection]]: Unsupported } {
  const table: Section = foreignKeys[section];
  const entries = Object.entries(table).map(([key, { harmless, kind, reason }]) => {
    const options = {
      ...(harmless === undefined ? {} : { harmless }),
      ...(kind === 'essential' ? { essential: true as const } : {}),
      ...(kind === 'comfort' ? { comfort: true as const } : {}),
    };
    return [key, unsupported(reason, options)] as const;
  });
  // The type ties each key to its entry; the compiler cannot follow it through fromEntries.
  return Object.fromEntries(entries) as { readonly [K in keyof (typeof foreignKeys)[TSection]]: Unsupported };
}

/** An object that has only members which ask for nothing. */
export function asksNothing(value: unknown): boolean {
  return everyMember(value, (_key, item) => deepEmpty(item));
}
