import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userId as id, problemLines } from '../../../helper/config.js';

// Typical mistakes in V2Ray's newer format and the exact lines they give, in the keys of that format. The file name is
// left out.

const own = '"router": {}, "services": {}';
const inn = '"inbounds": [{ "protocol": "socks", "port": 1080 }]';
const out = '"outbounds": [{ "protocol": "freedom" }]';

/** Parts among valid surroundings; they begin in line 2, `streamSettings` in line 3. */
const inbounds = (entries: string) => `{ ${own}, "inbounds": [\n${entries}\n], ${out} }`;
const outbounds = (entries: string) => `{ ${own}, ${inn}, "outbounds": [\n${entries}\n] }`;
const sections = (text: string) => `{ ${inn}, ${out},\n${text} }`;
const vmess = (settings: string) => outbounds(`{ "protocol": "vmess", "settings": ${settings} }`);
const users = (settings: string) => inbounds(`{ "protocol": "vmess", "port": 1, "settings": ${settings} }`);
const stream = (text: string) =>
  vmess(`{ "address": "a.example", "port": 443, "uuid": "${id}" },\n"streamSettings": ${text}`);

type Case = readonly [name: string, text: string, lines: readonly string[]];

const cases: readonly Case[] = [
  [
    'a server without its ID',
    vmess('{ "address": "a.example", "port": 443 }'),
    [
      '2:36  ERR_CONFIG_MISSING  outbounds[0].settings.uuid: expected a UUID (32 hex digits), found nothing. Hint: `tsray uuid` makes one.',
    ],
  ],
  [
    'a server without anything',
    outbounds('{ "protocol": "vmess" }'),
    [
      '2:1  ERR_CONFIG_MISSING  outbounds[0].settings.address: expected an IP address or a domain name, found nothing. Hint: For example "address": "example.com".',
      '2:1  ERR_CONFIG_MISSING  outbounds[0].settings.port: expected a port from 1 to 65535, found nothing',
      '2:1  ERR_CONFIG_MISSING  outbounds[0].settings.uuid: expected a UUID (32 hex digits), found nothing. Hint: `tsray uuid` makes one.',
    ],
  ],
  [
    'a port that there is not',
    vmess(`{ "address": "a.example", "port": 70000, "uuid": "${id}" }`),
    ['2:70  ERR_CONFIG_VALUE  outbounds[0].settings.port: expected a port from 1 to 65535, found 70000'],
  ],
  [
    'a port in words',
    vmess(`{ "address": "a.example", "port": "https", "uuid": "${id}" }`),
    ['2:70  ERR_CONFIG_VALUE  outbounds[0].settings.port: expected a port from 1 to 65535, found "https"'],
  ],
  [
    'an address with its port',
    vmess(`{ "address": "a.example:443", "port": 443, "uuid": "${id}" }`),
    [
      '2:49  ERR_CONFIG_VALUE  outbounds[0].settings.address: expected an IP address or a domain name, found "a.example:443". Hint: Write the host alone; the port has a key of its own.',
    ],
  ],
  [
    'an ID with a letter too many',
    vmess(`{ "address": "a.example", "port": 443, "uuid": "${id}x-and-more" }`),
    [
      '2:83  warning  ERR_CONFIG_VALUE  outbounds[0].settings.uuid: what follows the UUID is ignored, as V2Ray does; found 46 characters. Hint: A UUID has 36 characters: 32 hex digits and 4 dashes.',
    ],
  ],
  [
    "the v4 format's name of the ID",
    vmess(`{ "address": "a.example", "port": 443, "id": "${id}" }`),
    [
      '2:75  ERR_CONFIG_KEY  outbounds[0].settings: "id" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "uuid".',
    ],
  ],
  [
    'what a user has in the v4 format',
    vmess(`{ "address": "a.example", "port": 443, "uuid": "${id}", "alterId": 4 }`),
    [
      '2:123  ERR_CONFIG_KEY  outbounds[0].settings: "alterId" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has nothing like it.',
    ],
  ],
  [
    'a user of a socks server',
    outbounds(
      '{ "protocol": "socks", "settings": { "address": "a.example", "port": 1, "user": "a", "pass": "b" } }',
    ),
    [
      '2:73  ERR_CONFIG_KEY  outbounds[0].settings: "user" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has no users for it; the v4 format does.',
      '2:86  ERR_CONFIG_KEY  outbounds[0].settings: "pass" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has no users for it; the v4 format does.',
    ],
  ],
  [
    "the v4 format's list of servers",
    vmess(`{ "vnext": [{ "address": "a.example", "port": 443, "users": [{ "id": "${id}" }] }] }`),
    [
      '2:38  ERR_CONFIG_KEY  outbounds[0].settings: "vnext" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has one server: "address", "port" and "uuid" directly in "settings".',
    ],
  ],
  [
    "a socks server in the v4 format's list",
    outbounds('{ "protocol": "socks", "settings": { "servers": [{ "address": "a.example", "port": 1 }] } }'),
    [
      '2:38  ERR_CONFIG_KEY  outbounds[0].settings: "servers" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has one server: "address" and "port" directly in "settings".',
    ],
  ],
  [
    'a user that is no ID',
    users('{ "users": ["this-is-not-a-uuid-and-too-long-for-a-name"] }'),
    [
      '2:59  ERR_CONFIG_VALUE  inbounds[0].settings.users[0]: expected a UUID (32 hex digits), found 42 characters. Hint: Only hex digits (0-9, a-f) and dashes are possible. `tsray uuid` makes one.',
    ],
  ],
  [
    'a user with more than an ID',
    users(`{ "users": [{ "id": "${id}" }] }`),
    [
      '2:59  ERR_CONFIG_VALUE  inbounds[0].settings.users[0]: expected a UUID (32 hex digits), found an object',
    ],
  ],
  [
    'a user without a list',
    users(`{ "users": "${id}" }`),
    [
      '2:58  ERR_CONFIG_VALUE  inbounds[0].settings.users: expected a list of users, found a string. Hint: Put it in brackets: [ ... ].',
    ],
  ],
  [
    'the same user twice',
    users(`{ "users": ["${id}", "${id}"] }`),
    [
      '2:99  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.users[1]: the same ID as inbounds[0].settings.users[0]; the two cannot be told apart. Hint: `tsray uuid` makes another.',
    ],
  ],
  [
    'no users',
    users('{}'),
    [
      '2:47  warning  ERR_CONFIG_MISSING  inbounds[0].settings.users: nobody can connect, since there are no users. Hint: `tsray uuid` makes an ID for one.',
    ],
  ],
  [
    "the v4 format's list of users",
    users(`{ "clients": [{ "id": "${id}" }] }`),
    [
      '2:49  ERR_CONFIG_KEY  inbounds[0].settings: "clients" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has "users": a list of IDs, without email and level.',
    ],
  ],
  [
    "the v4 format's word for UDP",
    inbounds('{ "protocol": "socks", "port": 1, "settings": { "udp": true } }'),
    [
      '2:49  ERR_CONFIG_KEY  inbounds[0].settings: "udp" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "udpEnabled".',
    ],
  ],
  [
    'true in quotes',
    inbounds('{ "protocol": "socks", "port": 1, "settings": { "udpEnabled": "true" } }'),
    [
      '2:63  ERR_CONFIG_VALUE  inbounds[0].settings.udpEnabled: expected true or false, found "true". Hint: Write it without quotes: true.',
    ],
  ],
  [
    'a misspelt packet encoding',
    inbounds('{ "protocol": "socks", "port": 1, "settings": { "packetEncoding": "Paket" } }'),
    [
      '2:67  ERR_CONFIG_VALUE  inbounds[0].settings.packetEncoding: expected "None", "Packet" or "Stream", found "Paket". Hint: Did you mean "Packet"?',
    ],
  ],
  [
    'accounts',
    inbounds('{ "protocol": "http", "port": 1, "settings": { "accounts": [] } }'),
    [
      '2:48  ERR_CONFIG_KEY  inbounds[0].settings: "accounts" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has no accounts; the v4 format does.',
    ],
  ],
  [
    'a misspelt network',
    inbounds(
      '{ "protocol": "dokodemo-door", "port": 1, "settings": { "address": "a", "port": 1, "networks": "tpc" } }',
    ),
    [
      '2:96  ERR_CONFIG_VALUE  inbounds[0].settings.networks: expected "tcp", "udp" or "tcp,udp", found "tpc". Hint: Did you mean "tcp"?',
    ],
  ],
  [
    'two networks in one string of a list',
    inbounds(
      '{ "protocol": "dokodemo-door", "port": 1, "settings": { "address": "a", "port": 1, "networks": ["tcp,udp"] } }',
    ),
    [
      '2:97  ERR_CONFIG_VALUE  inbounds[0].settings.networks[0]: expected "tcp" or "udp", found "tcp,udp". Hint: Write one word each: ["tcp", "udp"].',
    ],
  ],
  [
    'followRedirect of UDP alone, behind REDIRECT',
    inbounds(
      '{ "protocol": "dokodemo-door", "port": 1, "settings": { "followRedirect": true, "networks": "udp" } }',
    ),
    [
      `2:93  ERR_CONFIG_CONFLICT  inbounds[0].settings.networks: the firewall's REDIRECT does not tell where datagrams were to go. Hint: TPROXY does: set "tproxy": "tproxy" in "sockopt", and change the firewall's rules.`,
    ],
  ],
  [
    'two inbounds on one port',
    inbounds(`{ "protocol": "http", "port": 1 },
{ "protocol": "http", "port": 1 }`),
    [
      '3:31  ERR_CONFIG_CONFLICT  inbounds[1].port: port 1 is taken by inbounds[0] already. Hint: Give each inbound another port or "listen" address.',
    ],
  ],
  [
    'allocate',
    inbounds('{ "protocol": "http", "port": 1, "allocate": { "strategy": "always" } }'),
    [
      '2:34  ERR_CONFIG_KEY  inbounds[0]: "allocate" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: jsonv5 has nothing like it.',
    ],
  ],
  [
    'a protocol of V2Ray 5 alone',
    outbounds('{ "protocol": "hysteria2", "settings": { "server": [] } }'),
    [
      '2:15  ERR_CONFIG_UNSUPPORTED  outbounds[0].protocol: the outbound protocol "hysteria2" is not supported by tsray. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'a misspelt transport',
    stream('{ "transport": "htpupgrade" }'),
    [
      '3:34  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transport: expected "tcp", "ws", "http", "grpc", "httpupgrade", "kcp", "quic" or "domainsocket", found "htpupgrade". Hint: Did you mean "httpupgrade"?',
    ],
  ],
  [
    'settings of a transport that is not named',
    stream('{ "transportSettings": { "path": "/x" } }'),
    [
      '3:44  warning  ERR_CONFIG_KEY  outbounds[0].streamSettings.transportSettings: unknown key "path". Hint: Without "transport" these are the settings of "tcp"; name the one they are for.',
    ],
  ],
  [
    'settings of a security that is not named',
    stream('{ "securitySettings": { "serverName": "a.example" } }'),
    [
      '3:41  warning  ERR_CONFIG_CONFLICT  outbounds[0].streamSettings.securitySettings: has no effect, since nothing selects it. Hint: Add "security": "tls" if that is what you want.',
    ],
  ],
  [
    "the v4 format's streamSettings",
    stream('{ "network": "ws", "wsSettings": { "path": "/x" } }'),
    [
      '3:21  ERR_CONFIG_KEY  outbounds[0].streamSettings: "network" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "transport".',
      '3:38  ERR_CONFIG_KEY  outbounds[0].streamSettings: "wsSettings" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "transportSettings".',
    ],
  ],
  [
    "the v4 format's network with the new settings",
    stream('{ "network": "ws", "transportSettings": { "path": "/x" } }'),
    [
      '3:21  ERR_CONFIG_KEY  outbounds[0].streamSettings: "network" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "transport".',
    ],
  ],
  [
    "the v4 format's sockopt",
    stream('{ "sockopt": { "mark": 0 } }'),
    [
      '3:21  ERR_CONFIG_KEY  outbounds[0].streamSettings: "sockopt" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "socketSettings".',
    ],
  ],
  [
    'a misspelt key',
    stream('{ "transport": "httpupgrade", "transportSettings": { "pth": "/x" } }'),
    [
      '3:72  warning  ERR_CONFIG_KEY  outbounds[0].streamSettings.transportSettings: unknown key "pth". Hint: Did you mean "path"?',
    ],
  ],
  [
    "the v4 format's headers",
    stream('{ "transport": "ws", "transportSettings": { "headers": { "Host": "a.example" } } }'),
    [
      '3:63  ERR_CONFIG_KEY  outbounds[0].streamSettings.transportSettings: "headers" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "header": [{ "key": ..., "value": ... }].',
    ],
  ],
  [
    'headers as an object',
    stream('{ "transport": "ws", "transportSettings": { "header": { "Host": "a.example" } } }'),
    [
      '3:73  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.header: expected a list of { "key": ..., "value": ... }, found an object. Hint: For example [{ "key": "X-Name", "value": "text" }].',
    ],
  ],
  [
    'a header without key',
    stream('{ "transport": "ws", "transportSettings": { "header": [{ "Host": "a.example" }] } }'),
    [
      '3:74  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.header[0]: expected { "key": ..., "value": ... }, found an object without "key"',
    ],
  ],
  [
    'a header that is a number',
    stream('{ "transport": "ws", "transportSettings": { "header": [{ "key": "X-A", "value": 5 }] } }'),
    [
      '3:99  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.header[0].value: expected a string, found 5. Hint: Put it in quotes.',
    ],
  ],
  [
    'a number in words',
    stream('{ "transport": "ws", "transportSettings": { "max_early_data": "many" } }'),
    [
      '3:81  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.max_early_data: expected a whole number from 0 to 65536, found "many"',
    ],
  ],
  [
    'a key in both spellings',
    stream('{ "transport": "ws", "transportSettings": { "max_early_data": 1, "maxEarlyData": 2 } }'),
    [
      '3:84  warning  ERR_CONFIG_KEY  outbounds[0].streamSettings.transportSettings.maxEarlyData: given twice; this one is used, the one in line 3 is not. Hint: Remove one of them.',
    ],
  ],
  [
    'a list for an object',
    stream('{ "transport": "ws", "transportSettings": [] }'),
    [
      '3:61  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings: expected an object, found an empty list. Hint: Write { ... } instead of [ ... ].',
    ],
  ],
  [
    'a number beyond its limits',
    stream('{ "transport": "kcp", "transportSettings": { "mtu": { "value": 9000 } } }'),
    [
      '3:82  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.mtu.value: expected a whole number from 576 to 1460, found 9000',
    ],
  ],
  [
    'a disguise without @type',
    stream('{ "transport": "tcp", "transportSettings": { "headerSettings": { "type": "http" } } }'),
    [
      '3:82  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.headerSettings: expected "@type": "v2ray.core.transport.internet.headers.noop.ConnectionConfig", "v2ray.core.transport.internet.headers.noop.Config" or "v2ray.core.transport.internet.headers.http.Config", found an object without it',
    ],
  ],
  [
    'a disguise that is not supported',
    stream(
      '{ "transport": "tcp", "transportSettings": { "headerSettings": { "@type": "example/dns.Config" } } }',
    ),
    [
      '3:93  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.headerSettings["@type"]: expected "v2ray.core.transport.internet.headers.noop.ConnectionConfig", "v2ray.core.transport.internet.headers.noop.Config" or "v2ray.core.transport.internet.headers.http.Config", found "dns.Config"',
    ],
  ],
  [
    'a security that QUIC has not',
    stream('{ "transport": "quic", "transportSettings": { "security": { "type": "ZERO" } } }'),
    [
      '3:87  ERR_CONFIG_VALUE  outbounds[0].streamSettings.transportSettings.security.type: expected "AUTO", "AES128_GCM", "CHACHA20_POLY1305" or "NONE", found "ZERO"',
    ],
  ],
  [
    'a transport of V2Ray 5 alone',
    stream('{ "transport": "meek", "transportSettings": { "url": "https://a.example" } }'),
    [
      '3:34  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.transport: the transport "meek" is not supported by tsray. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'utls',
    stream('{ "security": "utls", "securitySettings": { "imitate": "firefox_auto" } }'),
    [
      '3:33  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.security: the security "utls" cannot be had with Node\'s TLS: a ClientHello always looks like Node.js\'s. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'allow_insecure',
    stream('{ "security": "tls", "securitySettings": { "allow_insecure": true } }'),
    [
      '3:80  ERR_CONFIG_VALUE  outbounds[0].streamSettings.securitySettings.allow_insecure: jsonv5 does not allow it: anybody could read the traffic. Hint: Pin the certificate: "pinnedPeerCertificateChainSha256" with "allowInsecureIfPinnedPeerCertificate": true.',
    ],
  ],
  [
    "the v4 format's alpn",
    stream('{ "security": "tls", "securitySettings": { "alpn": ["h2"] } }'),
    [
      '3:62  ERR_CONFIG_KEY  outbounds[0].streamSettings.securitySettings: "alpn" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "nextProtocol".',
    ],
  ],
  [
    "the v4 format's usage",
    stream(
      '{ "security": "tls", "securitySettings": { "certificate": [{ "usage": "verify", "certificateFile": "/a.pem" }] } }',
    ),
    [
      '3:89  ERR_CONFIG_VALUE  outbounds[0].streamSettings.securitySettings.certificate[0].usage: expected "ENCIPHERMENT", "AUTHORITY_VERIFY", "AUTHORITY_ISSUE" or "AUTHORITY_VERIFY_CLIENT", found "verify"',
    ],
  ],
  [
    'a certificate that is no base64 of one',
    stream(
      '{ "security": "tls", "securitySettings": { "certificate": [{ "usage": "AUTHORITY_VERIFY", "certificate": "hello" }] } }',
    ),
    [
      '3:124  ERR_CONFIG_VALUE  outbounds[0].streamSettings.securitySettings.certificate[0].certificate: expected the base64 of a PEM text, found other text. Hint: `base64 -w0 FILE` makes it; "certificateFile" and "keyFile" name files instead.',
    ],
  ],
  [
    "the v4 format's version of TLS",
    stream('{ "security": "tls", "securitySettings": { "minVersion": "1.2" } }'),
    [
      '3:76  ERR_CONFIG_VALUE  outbounds[0].streamSettings.securitySettings.minVersion: expected "Default", "TLS1_0", "TLS1_1", "TLS1_2" or "TLS1_3", found "1.2"',
    ],
  ],
  [
    'a pin that is none',
    stream('{ "security": "tls", "securitySettings": { "pinned_peer_certificate_chain_sha256": ["abc"] } }'),
    [
      '3:103  ERR_CONFIG_VALUE  outbounds[0].streamSettings.securitySettings.pinned_peer_certificate_chain_sha256[0]: expected the base64 of a SHA-256 (44 characters), found "abc"',
    ],
  ],
  [
    'a server without certificate',
    inbounds('{ "protocol": "http", "port": 1, "streamSettings": { "security": "tls" } }'),
    [
      '2:52  ERR_CONFIG_MISSING  inbounds[0].streamSettings.securitySettings.certificate: expected a certificate of this server, found none. Hint: For example [{ "certificateFile": "/etc/ssl/a.pem", "keyFile": "/etc/ssl/a.key" }].',
    ],
  ],
  [
    'a server without certificate in its settings',
    inbounds(
      '{ "protocol": "http", "port": 1, "streamSettings": { "security": "tls", "securitySettings": { "serverName": "a" } } }',
    ),
    [
      '2:93  ERR_CONFIG_MISSING  inbounds[0].streamSettings.securitySettings.certificate: expected a certificate of this server, found none. Hint: For example [{ "certificateFile": "/etc/ssl/a.pem", "keyFile": "/etc/ssl/a.key" }].',
    ],
  ],
  [
    'tproxy',
    stream('{ "socketSettings": { "tproxy": "yes" } }'),
    [
      '3:51  ERR_CONFIG_VALUE  outbounds[0].streamSettings.socketSettings.tproxy: expected "off", "redirect" or "tproxy", found "yes"',
    ],
  ],
  [
    "freedom's redirect in the v4 format",
    outbounds('{ "protocol": "freedom", "settings": { "redirect": "a.example:1" } }'),
    [
      '2:40  ERR_CONFIG_KEY  outbounds[0].settings: "redirect" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 1. Hint: Write "destinationOverride": { "server": { "address": ..., "port": ... } }.',
    ],
  ],
  [
    'a destination without server',
    outbounds('{ "protocol": "freedom", "settings": { "destinationOverride": { "address": "a.example" } } }'),
    [
      '2:63  ERR_CONFIG_MISSING  outbounds[0].settings.destinationOverride: expected a server, found none. Hint: Write { "server": { "address": ..., "port": ... } }.',
    ],
  ],
  [
    'protocolReplacement',
    outbounds('{ "protocol": "freedom", "settings": { "protocolReplacement": "FORCE_TCP" } }'),
    [
      '2:63  ERR_CONFIG_UNSUPPORTED  outbounds[0].settings.protocolReplacement: protocolReplacement "FORCE_TCP" is not supported by tsray. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'a chain to nowhere',
    outbounds('{ "protocol": "freedom", "proxySettings": { "tag": "b" } }'),
    [
      '2:52  ERR_CONFIG_VALUE  outbounds[0].proxySettings.tag: expected the tag of an outbound, found "b". Hint: No outbound has a tag.',
    ],
  ],
  [
    'a path where an object belongs',
    sections('"router": {}, "services": {}, "log": { "error": "/var/log/v2ray.log" }'),
    [
      '2:49  ERR_CONFIG_VALUE  log.error: expected an object, found a string. Hint: In jsonv5 it is "error": { "type": "File", "path": ... }.',
    ],
  ],
  [
    'a misspelt type of log',
    sections('"log": { "error": { "type": "Consol" } }'),
    [
      '2:29  ERR_CONFIG_VALUE  log.error.type: expected "None", "Console", "File" or "Event", found "Consol". Hint: Did you mean "Console"?',
    ],
  ],
  [
    'a misspelt level',
    sections('"log": { "error": { "type": "Console", "level": "warn" } }'),
    [
      '2:49  ERR_CONFIG_VALUE  log.error.level: expected "Unknown", "Error", "Warning", "Info", "Debug" or "None", found "warn". Hint: Did you mean "Warning"?',
    ],
  ],
  [
    'a log file without path',
    sections('"log": { "error": { "type": "File" } }'),
    [
      '2:19  ERR_CONFIG_MISSING  log.error.path: expected the path of a file, found nothing. Hint: For example "path": "/var/log/v2ray/error.log".',
    ],
  ],
  [
    'a path without type',
    sections('"log": { "access": { "path": "/var/log/v2ray.log" } }'),
    [
      '2:30  warning  ERR_CONFIG_CONFLICT  log.access.path: has no effect. Hint: Add "type": "File" if that is what you want.',
    ],
  ],
  [
    'a log of events',
    sections('"log": { "error": { "type": "Event" } }'),
    [
      '2:29  ERR_CONFIG_UNSUPPORTED  log.error.type: the log type "Event" is not supported by tsray. Hint: Remove it, or go on without it by --ignore-unsupported.',
    ],
  ],
  [
    "the v4 format's loglevel",
    sections('"log": { "error": { "type": "Console" }, "access": {}, "loglevel": "info" }'),
    [
      '2:56  ERR_CONFIG_KEY  log: "loglevel" is a key of the v4 format; this file is read as jsonv5, because of "error" in line 2. Hint: Write "level" inside "error".',
    ],
  ],
  [
    'rules',
    sections('"router": { "rule": [{ "tag": "b", "port": 80 }] }'),
    [
      '2:36  ERR_CONFIG_KEY  router.rule[0]: "port" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 2. Hint: Write "portList".',
      '2:31  warning  ERR_CONFIG_CONFLICT  router.rule[0].tag: there is no outbound "b", so that what this matches leaves by the first outbound. Hint: None has a tag.',
    ],
  ],
  [
    "the v4 format's policy",
    sections('"router": {}, "services": {}, "policy": { "levels": {} }'),
    [
      '2:31  ERR_CONFIG_KEY  "policy" is a key of the v4 format; this file is read as jsonv5, because of "router" in line 2. Hint: Put it into "services": { "policy": { "level": ... } }, whose keys have other names.',
    ],
  ],
  [
    'a service',
    sections('"services": { "tun": { "name": "tun0" }, "stats": {} }'),
    [
      '2:22  ERR_CONFIG_UNSUPPORTED  services.tun: the service "tun" is not supported by tsray. Hint: Remove it, or go on without it by --ignore-unsupported.',
    ],
  ],
  [
    'a duration in words',
    sections(
      '"services": { "policy": { "level": { "0": { "timeout": { "connectionIdle": { "value": "5m" } } } } } }',
    ),
    [
      '2:87  ERR_CONFIG_VALUE  services.policy.level.0.timeout.connectionIdle.value: expected a whole number of seconds, found "5m"',
    ],
  ],
  [
    "the v4 format's connIdle",
    sections('"services": { "policy": { "level": { "0": { "connIdle": 300 } } } }'),
    [
      '2:45  ERR_CONFIG_KEY  services.policy.level.0: "connIdle" is a key of the v4 format; this file is read as jsonv5, because of "services" in line 2. Hint: Write "timeout": { "connectionIdle": { "value": ... } }.',
    ],
  ],
  [
    'a level that there is not',
    sections('"services": { "policy": { "level": { "x": { "buffer": { "connection": 1 } } } } }'),
    ['2:43  ERR_CONFIG_KEY  services.policy.level.x: expected a user level from 0 to 255 as key, found "x"'],
  ],
  [
    'seconds without value',
    sections(
      '"services": { "policy": { "level": { "0": { "timeout": { "handshake": { "seconds": 1 } } } } } }',
    ),
    [
      '2:71  ERR_CONFIG_MISSING  services.policy.level.0.timeout.handshake: expected "value", found nothing. Hint: Write { "value": ... }.',
    ],
  ],
];

for (const [name, text, lines] of cases) {
  test(`jsonv5: ${name}`, () => {
    const found = problemLines(text, { fileName: 'c.json' }).map((line) => line.replace(/^c\.json:/, ''));
    assert.deepEqual(found, lines);
  });
}
