/** The configurations that `tsray init` writes. Pure text: JSON with comments, which V2Ray reads too. */
import type { LinkOutbound } from '../config/share-link/outbound.js';
import type { ListenAddress } from './listen-address.js';

export function serverTemplate(id: string, port: number): string {
  return `// A VMess server.
//   tsray test                          checks this file
//   tsray run                           starts the server
//   tsray link --address HOST           prints the links for its clients
{
  "log": {
    // debug, info, warning, error or none. Connections are always logged, unless "access" is "none".
    "loglevel": "warning"
  },
  "inbounds": [
    {
      "tag": "vmess",
      "protocol": "vmess",
      // All addresses of this machine. The firewall has to let this port in.
      "port": ${port},
      "settings": {
        "clients": [
          // One line a person. Who has the ID can use the server; \`tsray uuid\` makes more.
          { "id": "${id}", "email": "me" }
        ]
      }
      // Behind a web server, or where only HTTPS passes:
      // , "streamSettings": {
      //   "network": "ws",
      //   "wsSettings": { "path": "/ray" },
      //   "security": "tls",
      //   "tlsSettings": {
      //     "certificates": [{ "certificateFile": "cert.pem", "keyFile": "key.pem" }]
      //   }
      // }
    }
  ],
  "outbounds": [
    {
      "tag": "direct",
      "protocol": "freedom",
      "settings": {
        // Clients reach the internet, and nothing on this machine or in its own network.
        "blockPrivate": true
      }
    }
  ]
}
`;
}

/** Stands for a server that has to be filled in; it can be parsed, so that \`tsray test\` says the rest is right. */
const exampleOutbound: LinkOutbound = {
  protocol: 'vmess',
  settings: {
    vnext: [
      {
        address: 'server.example',
        port: 10086,
        users: [{ id: '00000000-0000-0000-0000-000000000000', alterId: 0, security: 'auto' }],
      },
    ],
  },
};

/** Without \`outbound\` the server is an example, with a comment to fill it in. */
export function clientTemplate(listen: ListenAddress, outbound?: LinkOutbound): string {
  const server = indent(JSON.stringify({ tag: 'server', ...(outbound ?? exampleOutbound) }, undefined, 2), 4);
  const fill =
    outbound === undefined
      ? '    // Fill in the address, the port and the ID of your server. From a link: tsray init client LINK\n'
      : '';
  return `// A VMess client: a proxy on this machine, and a server that everything goes to.
//   tsray test                          checks this file
//   tsray run                           starts the proxy
//   tsray ping                          tries the server
{
  "log": {
    // debug, info, warning, error or none. Connections are always logged, unless "access" is "none".
    "loglevel": "warning"
  },
  "inbounds": [
    {
      "tag": "proxy",
      // SOCKS4, SOCKS5 and HTTP on one port.
      "protocol": "socks",
      // 127.0.0.1: for programs on this machine only. Others need a password; see docs/config.md.
      "listen": ${JSON.stringify(listen.host)},
      "port": ${listen.port},
      "settings": { "udp": true }
    }
  ],
  "outbounds": [
${fill}${server}
  ]
}
`;
}

function indent(text: string, columns: number): string {
  return text.replace(/^/gm, ' '.repeat(columns));
}
