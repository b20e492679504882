/** Texts: links, subscriptions, configurations in each format, expressions, what servers say of themselves, log lines. */
import { sanitize } from '../../../src/app/log/line.js';
import { parseExpression } from '../../../src/app/router/attributes/parse.js';
import { ExpressionFault } from '../../../src/app/router/attributes/tokens.js';
import { parseDomainItem } from '../../../src/app/router/domain-item.js';
import { parseIpItem } from '../../../src/app/router/ip-item.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { parseShareLink } from '../../../src/config/share-link/share-link.js';
import { parseSubscription } from '../../../src/config/subscription/parse-subscription.js';
import { readProfile } from '../../../src/config/subscription/profile.js';
import { parseUserInfo } from '../../../src/config/subscription/user-info.js';
import { hostFromText } from '../../../src/core/net/host-name.js';
import { parseAuthority } from '../../../src/proxy/http/target.js';
import { parseHostsFile } from '../../../src/transport/dns/hosts-file.js';
import { parseResolvConf } from '../../../src/transport/dns/resolv-conf.js';
import { type FuzzTarget, textTarget } from '../target.js';

const id = 'b831381d-6324-4d53-ad4f-8cda48b30811';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const jsonLink = `vmess://${base64(JSON.stringify({ v: '2', ps: 'a', add: 'example.com', port: '443', id, aid: '0', net: 'ws', path: '/a?ed=2048', host: 'b', tls: 'tls' }))}`;
const links = [
  jsonLink,
  `vmess://${base64(`{'v':2,add:"example.com",port:443,id:"${id}",}`)}`,
  `vmess://${id}@example.com:443?type=ws&security=tls&path=%2Fa&host=b#name`,
  `vmess://ws+tls:${id}-0@example.com:443/?path=/a&host=b#name`,
  `vmess://${base64(`auto:${id}@[2001:db8::1]:443`)}?remarks=a&obfs=websocket&obfsParam={"Host":"b"}&path=/a&tls=1`,
];
const clash = `proxies:\n  - {name: a, type: vmess, server: example.com, port: 443, uuid: ${id}, alterId: 0, cipher: auto, network: ws, ws-opts: {path: /a, headers: {Host: b}}}\n`;
const config = JSON.stringify({
  log: { loglevel: 'info' },
  inbounds: [
    {
      port: '1000-1002',
      protocol: 'vmess',
      settings: { clients: [{ id, alterId: 4 }] },
      streamSettings: { network: 'ws', wsSettings: { path: '/a' } },
    },
  ],
  outbounds: [{ protocol: 'freedom', tag: 'out' }],
  routing: { rules: [{ type: 'field', domain: ['domain:a.example'], outboundTag: 'out' }] },
});
const yaml = 'inbounds:\n  - port: 1000\n    protocol: socks\noutbounds:\n  - protocol: freedom\n';
const toml = '[log]\nloglevel = "info"\n[[inbounds]]\nport = 1000\nprotocol = "socks"\n';

const inner = [
  JSON.stringify({ v: '2', ps: 'a', add: 'example.com', port: '443', id, net: 'ws', host: 'b', path: '/a' }),
  `auto:${id}@example.com:443?obfs=websocket&obfsParam=b&path=/a`,
  `a = vmess, example.com, 443, auto, "${id}", obfs=ws, obfs-header="Host: b"`,
];
const lines = [
  `a = vmess, example.com, 443, username=${id}, ws=true, ws-headers=Host:b|A:c`,
  `vmess=example.com:443, method=auto, password=${id}, obfs=wss, obfs-uri=/a, tag=a`,
];

function configTarget(format: 'json' | 'yaml' | 'toml', seeds: readonly string[]): FuzzTarget {
  return textTarget(`configurations in ${format}`, seeds, 'nothing', (text) => parseConfig(text, { format }));
}

export const textTargets: readonly FuzzTarget[] = [
  textTarget('share links', links, 'typed', (text) => parseShareLink(text)),
  textTarget('share links, the inside of their base64', inner, 'typed', (text) =>
    parseShareLink(`vmess://${base64(text)}`),
  ),
  textTarget('share links, their query', ['type=ws&path=%2Fa&host=b&sni=c&alpn=h2'], 'typed', (text) =>
    parseShareLink(`vmess://${id}@example.com:443?${text}`),
  ),
  textTarget('subscriptions, a line of Surge or Quantumult X', lines, 'typed', (text) =>
    parseSubscription(text),
  ),
  textTarget(
    'subscriptions',
    [
      links.join('\n'),
      base64(links.join('\n')),
      clash,
      `a = vmess, example.com, 443, auto, "${id}"\n`,
      config,
    ],
    'typed',
    (text) => parseSubscription(text),
  ),
  configTarget('json', [config, '{ // a\n "inbounds": [], /* b */ "outbounds": [] }']),
  configTarget('yaml', [yaml]),
  configTarget('toml', [toml]),
  textTarget(
    'a subscription of itself',
    ['upload=1; download=2; total=3; expire=1700000000'],
    'nothing',
    (text) => {
      parseUserInfo(text);
      readProfile({ get: () => text });
    },
  ),
  textTarget('authorities', ['example.com:80', '[::1]:80', '192.0.2.1'], 'nothing', (text) => {
    parseAuthority(text, 80);
    hostFromText(text);
  }),
  textTarget('hosts files', ['127.0.0.1 localhost a b # c\n::1 d\n'], 'nothing', parseHostsFile),
  textTarget(
    'resolv.conf',
    ['nameserver 127.0.0.53\nsearch a b\noptions ndots:2 timeout:1\n'],
    'nothing',
    parseResolvConf,
  ),
  textTarget('log lines', [`a ${id} b\n\x1b[0m`, id.replaceAll('-', '')], 'nothing', sanitize),
  textTarget(
    'routing items',
    ['domain:a.example', 'regexp:^a+$', '10.0.0.0/8', '!geoip:cn'],
    'nothing',
    (text) => {
      parseDomainItem(text);
      parseIpItem(text);
    },
  ),
  textTarget(
    'routing expressions',
    ["attrs[':method'] == 'GET' and attrs['a'].startswith('/b')", '(1 + 2) * 3 in [1, 2]'],
    'nothing',
    (text) => {
      try {
        parseExpression(text);
      } catch (error) {
        if (!(error instanceof ExpressionFault)) throw error;
      }
    },
  ),
];
