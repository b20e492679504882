/**
 * The HTTP heads of a connection whose configuration says nothing of them: V2Ray's (docs/wire-format.md, section 16).
 */
import type { HttpHeadSettings } from './settings.js';

export const defaultHttpHead: HttpHeadSettings = {
  request: {
    version: '1.1',
    method: 'GET',
    paths: ['/'],
    headers: [
      ['Host', ['www.baidu.com', 'www.bing.com']],
      [
        'User-Agent',
        [
          'Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/53.0.2785.143 Safari/537.36',
          'Mozilla/5.0 (iPhone; CPU iPhone OS 10_0_2 like Mac OS X) AppleWebKit/601.1 (KHTML, like Gecko) CriOS/53.0.2785.109 Mobile/14A456 Safari/601.1.46',
        ],
      ],
      ['Accept-Encoding', ['gzip, deflate']],
      ['Connection', ['keep-alive']],
      ['Pragma', ['no-cache']],
    ],
  },
  response: {
    version: '1.1',
    status: '200',
    reason: 'OK',
    headers: [
      ['Content-Type', ['application/octet-stream', 'video/mpeg']],
      ['Transfer-Encoding', ['chunked']],
      ['Connection', ['keep-alive']],
      ['Pragma', ['no-cache']],
      ['Cache-Control', ['private', 'no-cache']],
    ],
  },
};
