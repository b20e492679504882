import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userId as id, problemLines } from '../../helper/config.js';

// Typical mistakes and the exact lines they give. The file name and the two spaces behind it are left out.

const out = '"outbounds": [{ "protocol": "freedom" }]';
const inn = '"inbounds": [{ "protocol": "socks", "port": 1080 }]';

/** Inbounds, outbounds or other sections among valid surroundings; they begin in line 2. */
const inbounds = (entries: string) => `{ "inbounds": [\n${entries}\n], ${out} }`;
const outbounds = (entries: string) => `{ ${inn}, "outbounds": [\n${entries}\n] }`;
const sections = (sections: string) => `{ ${inn}, ${out},\n${sections} }`;

const syntax: readonly Case[] = [
  [
    'a comma behind the last entry of an object',
    `{ ${inn}, ${out},\n}`,
    ['1:96  ERR_CONFIG_SYNTAX  expected no comma before "}". Hint: Remove this comma.'],
  ],
  [
    'a comma behind the last entry of a list',
    `{ ${inn},\n"outbounds": [\n  { "protocol": "freedom" },\n] }`,
    ['3:28  ERR_CONFIG_SYNTAX  expected no comma before "]". Hint: Remove this comma.'],
  ],
  [
    'a missing comma between two keys',
    `{ ${inn}\n${out} }`,
    ['2:1  ERR_CONFIG_SYNTAX  expected a comma before a string. Hint: Add a comma at the end of line 1.'],
  ],
  [
    'single quotes',
    `{ 'inbounds': [] }`,
    ['1:3  ERR_CONFIG_SYNTAX  expected double quotes, found a single quote. Hint: JSON knows " only.'],
  ],
  [
    'a key without quotes',
    `{ inbounds: [] }`,
    [
      '1:3  ERR_CONFIG_SYNTAX  expected a key in double quotes, found a word without quotes. Hint: Put the key in double quotes.',
    ],
  ],
  [
    'a value without quotes',
    `{ "log": { "loglevel": info } }`,
    [
      '1:24  ERR_CONFIG_SYNTAX  expected a value, found a word without quotes. Hint: Text must stand in double quotes.',
    ],
  ],
  [
    'True with a capital',
    `{ "inbounds": [{ "protocol": "socks", "port": 1080, "settings": { "udp": True } }] }`,
    ['1:74  ERR_CONFIG_SYNTAX  expected a value, found a word without quotes. Hint: Write true.'],
  ],
  [
    'typographic quotes',
    `{ “inbounds”: [] }`,
    [
      '1:3  ERR_CONFIG_SYNTAX  expected plain double quotes, found typographic ones. Hint: Type " instead; a word processor has changed it.',
    ],
  ],
  [
    'a string that is not closed',
    `{ "log": { "access": "access.log } }`,
    [
      '1:22  ERR_CONFIG_SYNTAX  expected a closing double quote, found the end of the line. Hint: Add " at the end of the text.',
    ],
  ],
  [
    'an object that is not closed',
    `{\n  "log": {\n    "access": ""\n}\n`,
    ['5:1  ERR_CONFIG_SYNTAX  expected "}", found the end of the file. Hint: It closes the "{" in line 1.'],
  ],
  [
    'a list closed with the wrong bracket',
    `{ "inbounds": [ { "port": 1 } }`,
    ['1:31  ERR_CONFIG_SYNTAX  expected "]", found "}". Hint: It closes the "[" in line 1.'],
  ],
  [
    'a bracket too many',
    `{ "log": {} } }`,
    [
      '1:15  ERR_CONFIG_SYNTAX  expected the end of the file, found "}". Hint: A bracket is closed once too often, here or further up.',
    ],
  ],
  [
    'an equals sign for a colon',
    `{ "log" = {} }`,
    ['1:9  ERR_CONFIG_SYNTAX  expected ":" after the key, found "=". Hint: Write "key": value.'],
  ],
  [
    'two commas',
    `{ "inbounds": [ {},, {} ] }`,
    ['1:20  ERR_CONFIG_SYNTAX  expected a value, found a comma. Hint: Remove one of the commas.'],
  ],
  [
    'Windows paths with single backslashes',
    `{ "log": { "access": "C:\\log\\access.log" } }`,
    [
      '1:22  ERR_CONFIG_SYNTAX  expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u after a backslash, found another character. Hint: Write each backslash twice, such as "C:\\\\log\\\\error.log", or use forward slashes.',
    ],
  ],
  [
    'a tab inside a string',
    `{ "log": { "access": "a\tb" } }`,
    [
      '1:22  ERR_CONFIG_SYNTAX  expected printable characters, found a tab or another control character inside a string. Hint: Write a tab as \\t.',
    ],
  ],
  [
    'a number with a zero in front',
    `{ "port": 080 }`,
    ['1:12  ERR_CONFIG_SYNTAX  expected a number without zeros in front. Hint: Such as 80 for 080.'],
  ],
  [
    'a comment that is not closed',
    `{ /* inbounds\n}`,
    ['1:3  ERR_CONFIG_SYNTAX  this comment is never closed. Hint: Add "*/" where it ends.'],
  ],
  [
    'an empty file',
    ` \n`,
    [
      '1:1  ERR_CONFIG_SYNTAX  expected a JSON object, found an empty file. Hint: The smallest configuration is {}.',
    ],
  ],
  [
    'YAML',
    `inbounds:\n  - port: 1080\n`,
    [
      '1:1  ERR_CONFIG_SYNTAX  expected "{", found a word without quotes. Hint: This looks like YAML: name the file .yaml, or say so with --format yaml.',
    ],
  ],
  [
    'a share link',
    `vmess://eyJ2IjogIjIifQ==`,
    [
      '1:1  ERR_CONFIG_SYNTAX  expected "{", found a word without quotes. Hint: This is a link, not a configuration: `tsray connect` takes it.',
    ],
  ],
  [
    'TOML',
    `[log]\nloglevel = "info"\n`,
    [
      '1:2  ERR_CONFIG_SYNTAX  expected a value, found a word without quotes. Hint: This looks like TOML: name the file .toml, or say so with --format toml.',
    ],
  ],
  [
    'TOML that begins with a value',
    `port = 1080\n`,
    [
      '1:1  ERR_CONFIG_SYNTAX  expected "{", found a word without quotes. Hint: This looks like TOML: name the file .toml, or say so with --format toml.',
    ],
  ],
  [
    'a list at the top',
    `[${JSON.stringify({ protocol: 'socks' })}]`,
    [
      '1:1  ERR_CONFIG_VALUE  expected an object, found a list. Hint: The whole configuration is one object: { ... }.',
    ],
  ],
];

const keys: readonly Case[] = [
  [
    'a misspelt key',
    inbounds(`{ "protocol": "socks", "port": 1080, "listn": "127.0.0.1" }`),
    ['2:38  warning  ERR_CONFIG_KEY  inbounds[0]: unknown key "listn". Hint: Did you mean "listen"?'],
  ],
  [
    'a misspelt section',
    `{ "inbound_s": [], ${inn}, ${out} }`,
    ['1:3  warning  ERR_CONFIG_KEY  unknown key "inbound_s"'],
  ],
  [
    'a key of another program',
    outbounds(
      `{ "protocol": "vmess", "settings": { "vnext": [{ "address": "a.example", "port": 1, "users": [{ "uuid": "${id}" }] }] } }`,
    ),
    [
      '2:95  ERR_CONFIG_MISSING  outbounds[0].settings.vnext[0].users[0].id: expected a UUID (32 hex digits), found nothing. Hint: `tsray uuid` makes one.',
      '2:97  warning  ERR_CONFIG_KEY  outbounds[0].settings.vnext[0].users[0]: unknown key "uuid". Hint: Did you mean "id"?',
    ],
  ],
  [
    'clients beside settings',
    inbounds(`{ "protocol": "vmess", "port": 1, "clients": [{ "id": "${id}" }] }`),
    [
      '2:1  warning  ERR_CONFIG_MISSING  inbounds[0].settings.clients: nobody can connect, since there are no users. Hint: `tsray uuid` makes an ID for one.',
      '2:35  warning  ERR_CONFIG_KEY  inbounds[0]: unknown key "clients". Hint: It belongs inside "settings": { "clients": ... }.',
    ],
  ],
  [
    'users instead of clients',
    inbounds(`{ "protocol": "vmess", "port": 1, "settings": { "users": [] } }`),
    [
      '2:58  warning  ERR_CONFIG_MISSING  inbounds[0].settings.users: nobody can connect, since there are no users. Hint: `tsray uuid` makes an ID for one.',
    ],
  ],
  [
    'path beside wsSettings',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "path": "/" } }`),
    [
      '2:46  warning  ERR_CONFIG_KEY  outbounds[0].streamSettings: unknown key "path". Hint: It belongs inside "wsSettings": { "path": ... }.',
    ],
  ],
  [
    'a key given twice',
    inbounds(`{ "protocol": "socks", "port": 1080,\n  "Port": 1081 }`),
    [
      '3:3  warning  ERR_CONFIG_KEY  inbounds[0].port: given twice; this one is used, the one in line 2 is not. Hint: Remove one of them.',
    ],
  ],
  ['a key no one knows', sections(`"xyzzy": 1`), ['2:1  warning  ERR_CONFIG_KEY  unknown key "xyzzy"']],
];

const values: readonly Case[] = [
  [
    'a protocol misspelt',
    inbounds(`{ "protocol": "sock", "port": 1080 }`),
    [
      '2:15  ERR_CONFIG_VALUE  inbounds[0].protocol: expected "vmess", "socks", "http" or "dokodemo-door", found "sock". Hint: Did you mean "socks"?',
    ],
  ],
  [
    'no protocol',
    inbounds(`{ "port": 1080 }`),
    [
      '2:1  ERR_CONFIG_MISSING  inbounds[0].protocol: expected "vmess", "socks", "http" or "dokodemo-door", found nothing',
    ],
  ],
  [
    'no port',
    inbounds(`{ "protocol": "http" }`),
    [
      '2:1  ERR_CONFIG_MISSING  inbounds[0].port: expected a port such as 1080, or a range such as "1000-1005", found nothing',
    ],
  ],
  [
    'a port out of range',
    inbounds(`{ "protocol": "http", "port": 80800 }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected a port from 0 to 65535, a range such as "1000-1005", or "env:NAME", found 80800',
    ],
  ],
  [
    'a port with a fraction',
    inbounds(`{ "protocol": "http", "port": 80.5 }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected a port from 0 to 65535, a range such as "1000-1005", or "env:NAME", found 80.5',
    ],
  ],
  [
    'a range that runs backwards',
    inbounds(`{ "protocol": "http", "port": "2000-1000" }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected a port from 0 to 65535, a range such as "1000-1005", or "env:NAME", found "2000-1000". Hint: Write the smaller port first: "1000-2000".',
    ],
  ],
  [
    'a range with spaces',
    inbounds(`{ "protocol": "http", "port": "1000 - 2000" }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected a port from 0 to 65535, a range such as "1000-1005", or "env:NAME", found "1000 - 2000". Hint: Write it without spaces: "1000-2000".',
    ],
  ],
  [
    'a list of ports',
    inbounds(`{ "protocol": "http", "port": "80,443" }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected a port from 0 to 65535, a range such as "1000-1005", or "env:NAME", found "80,443". Hint: Several single ports need an inbound each.',
    ],
  ],
  [
    'a variable that is not set',
    inbounds(`{ "protocol": "http", "port": "env:HTTP_PORT" }`),
    [
      '2:31  ERR_CONFIG_VALUE  inbounds[0].port: expected the environment variable HTTP_PORT to hold a port or a range, found it unset. Hint: Set it to something like 1080 or 1000-1005.',
    ],
  ],
  [
    'a name to listen on',
    inbounds(`{ "protocol": "http", "port": 80, "listen": "proxy.example" }`),
    [
      '2:45  ERR_CONFIG_VALUE  inbounds[0].listen: expected an IP address, "localhost", or the path of a Unix socket, found "proxy.example". Hint: It is an address of this machine; 0.0.0.0 stands for all.',
    ],
  ],
  [
    'an address with port to listen on',
    inbounds(`{ "protocol": "http", "port": 80, "listen": "127.0.0.1:80" }`),
    [
      '2:45  ERR_CONFIG_VALUE  inbounds[0].listen: expected an IP address, "localhost", or the path of a Unix socket, found "127.0.0.1:80". Hint: Write the host alone; the port has a key of its own.',
    ],
  ],
  [
    'a user ID one digit short',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "b831381d-6324-4d53-ad4f-8cda48b3081" }] } }`,
    ),
    [
      '2:69  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].id: expected a UUID (32 hex digits), found 35 characters. Hint: `tsray uuid` makes one.',
    ],
  ],
  [
    'a user ID with a letter too far',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "g831381d-6324-4d53-ad4f-8cda48b30811" }] } }`,
    ),
    [
      '2:69  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].id: expected a UUID (32 hex digits), found 36 characters. Hint: Only hex digits (0-9, a-f) and dashes are possible. `tsray uuid` makes one.',
    ],
  ],
  [
    'a user ID cut short',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "b831381d-6324-4d53" }] } }`,
    ),
    [
      '2:69  warning  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].id: taken as a name and not as a UUID, having 18 characters. Hint: A UUID has 36 characters: 32 hex digits and 4 dashes.',
    ],
  ],
  [
    'a user ID without quotes around digits',
    inbounds(`{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": 12345678 }] } }`),
    [
      '2:69  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].id: expected a UUID (32 hex digits), found a number. Hint: Put it in quotes.',
    ],
  ],
  [
    'no user ID',
    inbounds(`{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "email": "a@example" }] } }`),
    [
      '2:61  ERR_CONFIG_MISSING  inbounds[0].settings.clients[0].id: expected a UUID (32 hex digits), found nothing. Hint: `tsray uuid` makes one.',
    ],
  ],
  [
    'an ID where an object belongs',
    inbounds(`{ "protocol": "vmess", "port": 1, "settings": { "clients": ["${id}"] } }`),
    ['2:61  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0]: expected an object, found a string'],
  ],
  [
    'one client without the list',
    inbounds(`{ "protocol": "vmess", "port": 1, "settings": { "clients": { "id": "${id}" } } }`),
    [
      '2:60  ERR_CONFIG_VALUE  inbounds[0].settings.clients: expected a list of users, found an object. Hint: Put it in brackets: [ ... ].',
    ],
  ],
  [
    'an alterId in quotes',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}", "alterId": "64" }] } }`,
    ),
    [
      '2:120  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].alterId: expected a whole number from 0 to 65535, found "64". Hint: Write it without quotes: 64.',
    ],
  ],
  [
    'an alterId too large',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}", "alterId": 65536 }] } }`,
    ),
    [
      '2:120  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].alterId: expected a whole number from 0 to 65535, found 65536',
    ],
  ],
  [
    'a level too large',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}", "level": 256 }] } }`,
    ),
    [
      '2:118  ERR_CONFIG_VALUE  inbounds[0].settings.clients[0].level: expected a user level from 0 to 255, found 256',
    ],
  ],
  [
    'two users of one email',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}", "email": "Love@v2ray.example" },\n  { "id": "aaaaaaaa-6324-4d53-ad4f-8cda48b30811", "email": "love@V2Ray.example" }] } }`,
    ),
    [
      '3:60  ERR_CONFIG_CONFLICT  inbounds[0].settings.clients[1].email: the same email as inbounds[0].settings.clients[0].email (case does not count). Hint: Give each user another.',
    ],
  ],
  [
    'two users of one ID',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}" },\n  { "id": "${id.toUpperCase()}" }] } }`,
    ),
    [
      '3:11  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.clients[1].id: the same ID as inbounds[0].settings.clients[0].id; the two cannot be told apart. Hint: `tsray uuid` makes another.',
    ],
  ],
  [
    'a security nobody knows',
    outbounds(
      `{ "protocol": "vmess", "settings": { "vnext": [{ "address": "a.example", "port": 1, "users": [{ "id": "${id}", "security": "aes-256-gcm" }] }] } }`,
    ),
    [
      '2:155  ERR_CONFIG_VALUE  outbounds[0].settings.vnext[0].users[0].security: expected "auto", "aes-128-gcm", "chacha20-poly1305", "none", "zero" or "aes-128-cfb", found "aes-256-gcm". Hint: Did you mean "aes-128-gcm"?',
    ],
  ],
  [
    'vnext without its list',
    outbounds(`{ "protocol": "vmess", "settings": { "vnext": { "address": "a.example" } } }`),
    [
      '2:47  ERR_CONFIG_VALUE  outbounds[0].settings.vnext: expected a list of servers, found an object. Hint: Put it in brackets: [ ... ].',
    ],
  ],
  [
    'the server directly in settings',
    outbounds(`{ "protocol": "vmess", "settings": { "address": "a.example", "port": 443 } }`),
    [
      '2:36  ERR_CONFIG_MISSING  outbounds[0].settings.id: expected a UUID (32 hex digits), found nothing. Hint: `tsray uuid` makes one.',
    ],
  ],
  [
    'servers instead of vnext',
    outbounds(`{ "protocol": "vmess", "settings": { "servers": [] } }`),
    [
      '2:36  ERR_CONFIG_MISSING  outbounds[0].settings.vnext: expected a list of servers, found nothing',
      '2:38  warning  ERR_CONFIG_KEY  outbounds[0].settings: unknown key "servers". Hint: Did you mean "vnext"?',
    ],
  ],
  [
    'no users',
    outbounds(
      `{ "protocol": "vmess", "settings": { "vnext": [{ "address": "a.example", "port": 443, "users": [] }] } }`,
    ),
    [
      '2:96  ERR_CONFIG_VALUE  outbounds[0].settings.vnext[0].users: expected at least one user, found an empty list',
    ],
  ],
  [
    'an empty vnext',
    outbounds(`{ "protocol": "vmess", "settings": { "vnext": [] } }`),
    [
      '2:47  ERR_CONFIG_VALUE  outbounds[0].settings.vnext: expected at least one server, found an empty list',
    ],
  ],
  [
    'a URL as address',
    outbounds(
      `{ "protocol": "socks", "settings": { "servers": [{ "address": "https://a.example/", "port": 443 }] } }`,
    ),
    [
      '2:63  ERR_CONFIG_VALUE  outbounds[0].settings.servers[0].address: expected an IP address or a domain name, found "https://a.example/". Hint: Write the host alone, without scheme and path.',
    ],
  ],
  [
    'address and port in one',
    outbounds(
      `{ "protocol": "socks", "settings": { "servers": [{ "address": "a.example:443", "port": 443 }] } }`,
    ),
    [
      '2:63  ERR_CONFIG_VALUE  outbounds[0].settings.servers[0].address: expected an IP address or a domain name, found "a.example:443". Hint: Write the host alone; the port has a key of its own.',
    ],
  ],
  [
    'a server port in quotes',
    outbounds(
      `{ "protocol": "http", "settings": { "servers": [{ "address": "a.example", "port": "443" }] } }`,
    ),
    [
      '2:83  ERR_CONFIG_VALUE  outbounds[0].settings.servers[0].port: expected a port from 1 to 65535, found "443". Hint: Write it without quotes: 443.',
    ],
  ],
  [
    'no server port',
    outbounds(`{ "protocol": "http", "settings": { "servers": [{ "address": "a.example" }] } }`),
    [
      '2:49  ERR_CONFIG_MISSING  outbounds[0].settings.servers[0].port: expected a port from 1 to 65535, found nothing',
    ],
  ],
  [
    'auth misspelt',
    inbounds(
      `{ "protocol": "socks", "port": 1, "settings": { "auth": "Password", "accounts": [{ "user": "a", "pass": "b" }] } }`,
    ),
    [
      '2:57  ERR_CONFIG_VALUE  inbounds[0].settings.auth: expected "noauth" or "password", found "Password". Hint: Did you mean "password"?',
    ],
  ],
  [
    'accounts that nobody is asked for',
    inbounds(
      `{ "protocol": "socks", "port": 1, "settings": { "accounts": [{ "user": "a", "pass": "b" }] } }`,
    ),
    [
      '2:61  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.accounts: nobody is asked for these accounts, since "auth" is "noauth". Hint: Write "auth": "password".',
    ],
  ],
  [
    'password authentication without accounts',
    inbounds(`{ "protocol": "socks", "port": 1, "settings": { "auth": "password" } }`),
    [
      '2:57  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.auth: nobody can log in, since there are no accounts. Hint: Add "accounts": [{ "user": ..., "pass": ... }].',
    ],
  ],
  [
    'a password that is a number',
    inbounds(
      `{ "protocol": "http", "port": 1, "settings": { "accounts": [{ "user": "a", "pass": 123456 }] } }`,
    ),
    [
      '2:84  ERR_CONFIG_VALUE  inbounds[0].settings.accounts[0].pass: expected a string, found a number. Hint: Put it in quotes.',
    ],
  ],
  [
    'two accounts of one name',
    inbounds(
      `{ "protocol": "http", "port": 1, "settings": { "accounts": [{ "user": "a", "pass": "b" }, { "user": "a", "pass": "c" }] } }`,
    ),
    [
      '2:101  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.accounts[1].user: the same user as inbounds[0].settings.accounts[0].user, whose password does not count. Hint: Remove one of them.',
    ],
  ],
  [
    'a word for a boolean',
    inbounds(`{ "protocol": "socks", "port": 1, "settings": { "udp": "true" } }`),
    [
      '2:56  ERR_CONFIG_VALUE  inbounds[0].settings.udp: expected true or false, found "true". Hint: Write it without quotes: true.',
    ],
  ],
  [
    'a name as UDP address',
    inbounds(`{ "protocol": "socks", "port": 1, "settings": { "ip": "example.com" } }`),
    ['2:55  ERR_CONFIG_VALUE  inbounds[0].settings.ip: expected an IP address, found "example.com"'],
  ],
  [
    'a network nobody knows',
    inbounds(
      `{ "protocol": "dokodemo-door", "port": 1, "settings": { "address": "a.example", "port": 53, "network": "tcp,upd" } }`,
    ),
    [
      '2:104  ERR_CONFIG_VALUE  inbounds[0].settings.network: expected "tcp", "udp" or "tcp,udp", found "tcp,upd". Hint: Did you mean "tcp,udp"?',
    ],
  ],
  [
    'dokodemo-door without a target',
    inbounds(`{ "protocol": "dokodemo-door", "port": 1 }`),
    [
      '2:1  ERR_CONFIG_MISSING  inbounds[0].settings.address: expected an IP address or a domain name, found nothing. Hint: For example "address": "example.com".',
      '2:1  warning  ERR_CONFIG_VALUE  inbounds[0].settings.port: expected a port from 1 to 65535, found 0: connections will fail. Hint: It is the port to connect to.',
    ],
  ],
  [
    'followRedirect of UDP behind REDIRECT',
    inbounds(
      `{ "protocol": "dokodemo-door", "port": 1, "settings": { "network": "tcp,udp", "followRedirect": true } }`,
    ),
    [
      `2:68  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.network: the firewall's REDIRECT does not tell where datagrams were to go: UDP is not served. Hint: TPROXY does: set "tproxy": "tproxy" in "sockopt", and change the firewall's rules.`,
    ],
  ],
  [
    'followRedirect over a transport, with an address',
    inbounds(
      `{ "protocol": "dokodemo-door", "port": 1, "settings": { "address": "a.example", "port": 1, "followRedirect": true }, "streamSettings": { "network": "ws" } }`,
    ),
    [
      '2:110  warning  ERR_CONFIG_CONFLICT  inbounds[0].settings.followRedirect: what a firewall redirects is plain TCP, without TLS, a transport or a PROXY header: all connections go to "address". Hint: Remove the rest from "streamSettings".',
    ],
  ],
  [
    'followRedirect over a transport, without an address',
    inbounds(
      `{ "protocol": "dokodemo-door", "port": 1, "settings": { "followRedirect": true }, "streamSettings": { "network": "ws" } }`,
    ),
    [
      '2:75  ERR_CONFIG_CONFLICT  inbounds[0].settings.followRedirect: what a firewall redirects is plain TCP, without TLS, a transport or a PROXY header. Hint: Remove the rest from "streamSettings".',
    ],
  ],
  [
    'an unknown domain strategy',
    outbounds(`{ "protocol": "freedom", "settings": { "domainStrategy": "IPv4" } }`),
    [
      '2:58  ERR_CONFIG_VALUE  outbounds[0].settings.domainStrategy: expected "AsIs", "UseIP", "UseIPv4", "UseIPv6", "ForceIPv4" or "ForceIPv6", found "IPv4"',
    ],
  ],
  [
    'a redirect without port',
    outbounds(`{ "protocol": "freedom", "settings": { "redirect": "127.0.0.1" } }`),
    [
      '2:52  ERR_CONFIG_VALUE  outbounds[0].settings.redirect: expected host:port, found "127.0.0.1". Hint: Leave the host out (":443") to change only the port; port 0 ("example.com:0") keeps the port.',
    ],
  ],
  [
    'a blackhole response nobody knows',
    outbounds(`{ "protocol": "blackhole", "settings": { "response": { "type": "https" } } }`),
    [
      '2:64  ERR_CONFIG_VALUE  outbounds[0].settings.response.type: expected "none" or "http", found "https". Hint: Did you mean "http"?',
    ],
  ],
  [
    'an unknown log level',
    sections(`"log": { "loglevel": "verbose" }`),
    [
      '2:22  ERR_CONFIG_VALUE  log.loglevel: expected "debug", "info", "warning", "error" or "none", found "verbose"',
    ],
  ],
  [
    'log as a string',
    sections(`"log": "debug"`),
    ['2:8  ERR_CONFIG_VALUE  log: expected an object, found a string'],
  ],
  [
    'a policy level that is no number',
    sections(`"policy": { "levels": { "default": { "connIdle": 100 } } }`),
    [
      '2:36  ERR_CONFIG_KEY  policy.levels.default: expected a user level from 0 to 255 as key, found "default"',
    ],
  ],
  [
    'a timeout in quotes',
    sections(`"policy": { "levels": { "0": { "connIdle": "300s" } } }`),
    ['2:44  ERR_CONFIG_VALUE  policy.levels.0.connIdle: expected a whole number of seconds, found "300s"'],
  ],
  [
    'a negative timeout',
    sections(`"policy": { "levels": { "0": { "handshake": -1 } } }`),
    ['2:45  ERR_CONFIG_VALUE  policy.levels.0.handshake: expected a whole number of seconds, found -1'],
  ],
  [
    'inbounds as an object',
    `{ "inbounds": { "protocol": "socks" }, ${out} }`,
    [
      '1:15  ERR_CONFIG_VALUE  inbounds: expected a list, found an object. Hint: Put it in brackets: [ ... ].',
    ],
  ],
  [
    'an entry that is null',
    inbounds(`null`),
    ['2:1  ERR_CONFIG_VALUE  inbounds[0]: expected an object, found null'],
  ],
];

const conflicts: readonly Case[] = [
  [
    'two inbounds of one tag',
    inbounds(
      `{ "protocol": "socks", "port": 1080, "tag": "in" },\n{ "protocol": "http", "port": 1081, "tag": "in" }`,
    ),
    [
      '3:44  ERR_CONFIG_CONFLICT  inbounds[1].tag: the same as inbounds[0].tag. Hint: Give each a tag of its own.',
    ],
  ],
  [
    'two inbounds on one port',
    inbounds(
      `{ "protocol": "socks", "port": 1080 },\n{ "protocol": "http", "port": 1080, "listen": "127.0.0.1" }`,
    ),
    [
      '3:31  ERR_CONFIG_CONFLICT  inbounds[1].port: port 1080 is taken by inbounds[0] already. Hint: Give each inbound another port or "listen" address.',
    ],
  ],
  [
    'a proxy tag that does not exist',
    outbounds(
      `{ "protocol": "freedom", "tag": "direct" },\n{ "protocol": "freedom", "proxySettings": { "tag": "drect" } }`,
    ),
    [
      '3:52  ERR_CONFIG_VALUE  outbounds[1].proxySettings.tag: expected the tag of an outbound, found "drect". Hint: Did you mean "direct"?',
    ],
  ],
  [
    'outbounds in a circle',
    outbounds(
      `{ "protocol": "freedom", "tag": "a", "proxySettings": { "tag": "b" } },\n{ "protocol": "freedom", "tag": "b", "proxySettings": { "tag": "a" } }`,
    ),
    [
      '3:64  ERR_CONFIG_CONFLICT  outbounds[1].proxySettings.tag: these outbounds go through each other in a circle: a → b → a. Hint: Remove one of the "proxySettings" or "dialerProxy".',
    ],
  ],
  [
    'an empty proxy tag',
    outbounds(`{ "protocol": "freedom", "proxySettings": { "tag": "" } }`),
    [
      '2:52  ERR_CONFIG_VALUE  outbounds[0].proxySettings.tag: expected the tag of an outbound, found an empty string',
    ],
  ],
  [
    'a detour to nowhere',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}" }], "detour": { "to": "dynamic" } } }`,
    ),
    [
      '2:130  ERR_CONFIG_VALUE  inbounds[0].settings.detour.to: expected the tag of an inbound, found "dynamic". Hint: No inbound has a tag.',
    ],
  ],
  [
    'a detour to another protocol',
    inbounds(
      `{ "protocol": "vmess", "port": 1, "settings": { "clients": [{ "id": "${id}" }], "detour": { "to": "s" } } },\n{ "protocol": "socks", "port": 2, "tag": "s" }`,
    ),
    [
      '2:130  ERR_CONFIG_CONFLICT  inbounds[0].settings.detour.to: the inbound of this tag is not a vmess inbound. Hint: Clients can be sent to a vmess inbound only.',
    ],
  ],
  [
    'more ports at once than there are',
    inbounds(
      `{ "protocol": "socks", "port": "1000-1002", "allocate": { "strategy": "random", "concurrency": 3 } }`,
    ),
    [
      '2:96  ERR_CONFIG_CONFLICT  inbounds[0].allocate.concurrency: expected fewer ports at once than "port" has (3 ports), found 3. Hint: Widen "port" or lower "concurrency".',
    ],
  ],
  [
    'sendThrough with a name',
    outbounds(`{ "protocol": "freedom", "sendThrough": "eth0" }`),
    [
      '2:41  ERR_CONFIG_VALUE  outbounds[0].sendThrough: expected an IP address of this machine, found "eth0"',
    ],
  ],
  [
    'ws settings without the network',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "wsSettings": { "path": "/ray" } } }`),
    [
      '2:60  warning  ERR_CONFIG_CONFLICT  outbounds[0].streamSettings.wsSettings: has no effect, since nothing selects it. Hint: Add "network": "ws" if that is what you want.',
    ],
  ],
];

const unsupported: readonly Case[] = [
  [
    'a transport that is missing',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "network": "xhttp" } }`),
    [
      '2:57  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.network: the transport "xhttp" is not supported by tsray. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'a transport nobody knows',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "network": "websockets" } }`),
    [
      '2:57  ERR_CONFIG_VALUE  outbounds[0].streamSettings.network: expected "tcp", "ws", "http", "grpc", "httpupgrade", "kcp", "quic" or "domainsocket", found "websockets". Hint: Did you mean "websocket"?',
    ],
  ],
  [
    'REALITY',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "security": "reality" } }`),
    [
      '2:58  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.security: the security "reality" cannot be had with Node.js: its TLS lets nobody shape the handshake. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'a security misspelt',
    outbounds(`{ "protocol": "freedom", "streamSettings": { "security": "tsl" } }`),
    [
      '2:58  ERR_CONFIG_VALUE  outbounds[0].streamSettings.security: expected "none" or "tls", found "tsl". Hint: Did you mean "tls"?',
    ],
  ],
  [
    'an unsupported protocol',
    outbounds(`{ "protocol": "shadowsocks", "settings": { "servers": [] } }`),
    [
      '2:15  ERR_CONFIG_UNSUPPORTED  outbounds[0].protocol: the outbound protocol "shadowsocks" is not supported by tsray. Hint: With --ignore-unsupported this outbound refuses everything.',
    ],
  ],
  [
    'a browser fingerprint',
    outbounds(
      `{ "protocol": "freedom", "streamSettings": { "security": "tls", "tlsSettings": { "fingerprint": "chrome" } } }`,
    ),
    [
      `2:97  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.tlsSettings.fingerprint: fingerprint cannot be had with Node's TLS: a ClientHello always looks like Node.js's. Hint: Remove it, or go on without it by --ignore-unsupported.`,
    ],
  ],
  [
    'a device to bind to',
    outbounds(
      `{ "protocol": "freedom", "streamSettings": { "sockopt": { "bindToDevice": "eth0", "tcpFastOpen": true } } }`,
    ),
    [
      '2:75  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.sockopt.bindToDevice: bindToDevice is not supported by tsray: Node.js cannot set it. Hint: With --ignore-unsupported this outbound refuses everything.',
      '2:98  warning  ERR_CONFIG_UNSUPPORTED  outbounds[0].streamSettings.sockopt.tcpFastOpen: tcpFastOpen is not supported by tsray: Node.js cannot set it; going on without it',
    ],
  ],
  [
    'mux without a server',
    outbounds(`{ "protocol": "freedom", "mux": { "enabled": true } }`),
    [
      '2:33  warning  ERR_CONFIG_CONFLICT  outbounds[0].mux: mux has no effect: a freedom outbound has no server that could take the sessions apart. Hint: Remove it.',
    ],
  ],
  [
    'mux values',
    outbounds(
      `{ "protocol": "socks", "settings": { "servers": [{ "address": "a", "port": 1 }] }, "mux": { "enabled": 1, "concurrency": 1025, "xudpConcurrency": 1.5, "xudpProxyUDP443": "drop" } }`,
    ),
    [
      '2:104  ERR_CONFIG_VALUE  outbounds[0].mux.enabled: expected true or false, found 1',
      '2:122  ERR_CONFIG_VALUE  outbounds[0].mux.concurrency: expected a whole number up to 1024 (0 stands for 8, below 0 for off), found 1025',
      '2:147  ERR_CONFIG_VALUE  outbounds[0].mux.xudpConcurrency: expected a whole number up to 1024 (0: UDP shares the connections of TCP, below 0: UDP is not muxed), found 1.5',
      '2:171  ERR_CONFIG_VALUE  outbounds[0].mux.xudpProxyUDP443: expected "reject", "allow" or "skip", found "drop"',
    ],
  ],
];

const deprecated: readonly Case[] = [
  [
    'the deprecated single inbound',
    `{ "inbound": { "protocol": "socks", "port": 1 }, ${out} }`,
    [
      '1:3  warning  ERR_CONFIG_DEPRECATED  inbound: deprecated by V2Ray. Hint: Make it the first entry of the list "inbounds".',
    ],
  ],
  [
    'a deprecated timeout',
    inbounds(`{ "protocol": "socks", "port": 1, "settings": { "timeout": 300 } }`),
    [
      '2:49  warning  ERR_CONFIG_DEPRECATED  inbounds[0].settings.timeout: deprecated by V2Ray, and without effect. Hint: Use "connIdle" in "policy.levels" for the user level.',
    ],
  ],
  [
    'no inbounds and outbounds',
    `{}`,
    [
      '1:1  warning  ERR_CONFIG_MISSING  inbounds: there are no inbounds, so nothing listens',
      '1:1  warning  ERR_CONFIG_MISSING  outbounds: there are no outbounds, so nothing can leave. Hint: Add at least { "protocol": "freedom" }.',
    ],
  ],
];

type Case = readonly [name: string, text: string, expected: readonly string[]];

for (const [title, cases] of Object.entries({ syntax, keys, values, conflicts, unsupported, deprecated })) {
  for (const [name, text, expected] of cases) {
    test(`${title}: ${name}`, () => {
      assert.deepEqual(
        problemLines(text).map((line) => line.replace('config.json:', '')),
        expected,
      );
    });
  }
}
