/**
 * The one table of what the parameters of links are called. Writers of links never agreed: the same thing has the names of
 * v2rayN, of Xray's URL form, of Shadowrocket, Quantumult, Surge, Loon, Kitsunebi, V2RayU, Clash and sing-box.
 */

/** This project's name → the spellings, the most trusted first. Compared in lower case, without `-`, `_`, `.` and blanks. */
const spellings = {
  name: ['ps', 'name', 'remarks', 'remark', 'tag'],
  address: ['add', 'address', 'server', 'serveraddress'],
  port: ['port', 'serverport'],
  id: ['id', 'uuid', 'userid', 'username'],
  alterId: ['aid', 'alterid'],
  /** The cipher. */
  encryption: ['scy', 'encryption', 'cipher', 'encryptmethod', 'method', 'vmesssecurity'],
  network: ['net', 'network', 'transport', 'transporttype', 'networktype', 'streamnetwork'],
  /** Shadowrocket's and Quantumult's word for the transport, sometimes with TLS in it. */
  obfs: ['obfs', 'obfsmode', 'obfstype'],
  /** The transport in URLs; in v2rayN's JSON and beside another name of the transport the header. */
  type: ['type'],
  headerType: [
    'headertype',
    'header',
    'kcpheader',
    'mkcpheader',
    'kcptype',
    'quicheader',
    'tcpheader',
    'tcpheadertype',
    'kcpheadertype',
    'quicheadertype',
    'faketype',
    'camouflagetype',
  ],
  host: [
    'host',
    'wshost',
    'websockethost',
    'h2host',
    'http2host',
    'httphost',
    'tcphost',
    'httpupgradehost',
    'nethost',
    'requesthost',
    'hostheader',
    'headerhost',
    'obfshost',
    'camouflagehost',
  ],
  /** A Host, or several headers. */
  obfsParam: ['obfsparam', 'obfsheader', 'wsheaders', 'wsheader', 'headers', 'httpheaders'],
  path: [
    'path',
    'wspath',
    'websocketpath',
    'h2path',
    'http2path',
    'httppath',
    'tcppath',
    'httpupgradepath',
    'netpath',
    'requestpath',
    'obfspath',
    'obfsuri',
    'camouflagepath',
  ],
  /** Xray's masks, as JSON. */
  finalmask: ['fm', 'finalmask'],
  seed: ['seed', 'kcpseed', 'mkcpseed'],
  mode: ['mode', 'grpcmode'],
  serviceName: ['servicename', 'grpcservicename', 'grpcservice', 'grpcpath'],
  authority: ['authority', 'grpcauthority'],
  quicSecurity: ['quicsecurity', 'quicencryption'],
  key: ['key', 'quickey'],
  earlyData: ['ed', 'maxearlydata', 'wsmaxearlydata'],
  earlyDataHeader: ['eh', 'earlydataheadername', 'wsearlydataheadername'],
  /** Surge: whether the transport is ws. */
  wsFlag: ['ws'],
  /** TLS in URLs, the cipher in v2rayN's JSON. */
  security: ['security'],
  tls: ['tls', 'overtls', 'usetls', 'tlsenabled', 'enabletls', 'streamsecurity', 'transportsecurity'],
  sni: [
    'sni',
    'servername',
    'peer',
    'tlsservername',
    'tlsserver',
    'tlshost',
    'tlsname',
    'tlssni',
    'wssni',
    'verifyhostname',
  ],
  alpn: ['alpn', 'tlsalpn'],
  allowInsecure: ['allowinsecure', 'tlsallowinsecure'],
  insecure: ['insecure', 'tlsinsecure'],
  skipCertVerify: ['skipcertverify', 'skipverify', 'tlsskipverify', 'scv', 'skipcertificateverify'],
  /** The reverse: 0 switches the check off. */
  verifyCert: ['verifycert', 'tlsverification', 'certificate', 'verifycertificate', 'tlsverify'],
  packetEncoding: ['packetencoding'],
  fp: ['fp', 'fingerprint', 'clientfingerprint', 'utls'],
  pbk: ['pbk', 'publickey', 'realitypublickey', 'realitypbk'],
  sid: ['sid', 'shortid', 'realityshortid', 'realitysid'],
  spx: ['spx', 'spiderx'],
  pqv: ['pqv'],
  reality: ['reality', 'realityopts'],
  xtls: ['xtls'],
  flow: ['flow'],
  /** A pinned certificate. */
  pin: [
    'pcs',
    'pinsha256',
    'certsha256',
    'tlscertsha256',
    'tlspubkeysha256',
    'certificatefingerprint',
    'servercertfingerprintsha256',
    'pinnedpeercertificatechainsha256',
    'pinnedpeercertsha256',
  ],
  ech: ['ech', 'echopts', 'echconfig', 'echconfiglist'],
  vcn: ['vcn', 'verifypeercertbyname'],
  /** Another server in front. */
  through: [
    'dialerproxy',
    'underlyingproxy',
    'detour',
    'proxychain',
    'chain',
    'frontproxy',
    'proxysettings',
    'viaproxy',
  ],
  plugin: ['plugin', 'pluginopts'],
  mux: ['mux', 'muxenabled', 'multiplex'],
  tfo: ['tfo', 'fastopen', 'tcpfastopen'],
  /** Read by nobody, since they say nothing about the way to the server. */
  harmless: [
    'v',
    'ver',
    'group',
    'udp',
    'udprelay',
    'vmessaead',
    'aead',
    'class',
    'protocol',
    'muxconcurrency',
    'tls13',
    'tlsnosessionticket',
    'tlsnosessionreuse',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** This project's name of a parameter. */
export type LinkKey = keyof typeof spellings;

interface Spelling {
  readonly key: LinkKey;
  /** Of two spellings with a value each, the one with the lower rank counts. */
  readonly rank: number;
}

const known: ReadonlyMap<string, Spelling> = new Map(
  (Object.keys(spellings) as LinkKey[]).flatMap((key) =>
    spellings[key].map((spelling, rank) => [spelling, { key, rank }] as const),
  ),
);

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_.\s]/g, '');
}

/** What a parameter of a link is, whatever it is called; undefined for one that is not known. */
export function spellingOf(name: string): Spelling | undefined {
  return known.get(name) ?? known.get(bare(name));
}

/** Pieces of names that speak of the transport, TLS, a host or what stands in front. */
const decisive =
  /tls|ssl|sni$|reality|host|path|network|transport|obfs|header|seed$|plugin|proxy|detour|dialer|^chain|alpn|cert|verify|insecure|^(?:ws|h2|http2?|grpc|gun|m?kcp|quic|xhttp|splithttp|httpupgrade)(?:settings|opts|options|mode|type|security|key|service.*)?$|^peer/;
/** Names that have such a piece by chance, or speak of what this machine does. */
const comfort = /^(?:proxygroup|proxytype|hostcountry|hostname(?:shown)?id|testpath|proxyid|fileheader)$/;

/** Whether a parameter nobody knows may decide the way to the server: a link that has one is refused by its name. */
export function mayDecideTheWay(name: string): boolean {
  const text = bare(name);
  return decisive.test(text) && !comfort.test(text);
}
