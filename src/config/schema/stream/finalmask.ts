/** `finalmask` (Xray): where newer cores write the seed and the header of mKCP. Other masks are not supported. */
import * as v from 'valibot';
import type { KcpSettings } from '../../../transport/kcp/settings.js';
import type { Checker } from '../../check/checker.js';
import { noted } from '../../check/notes.js';
import { inside, type Place } from '../../check/place.js';
import { foreign } from '../foreign-keys.js';
import { each, text, words } from '../types.js';

/** Xray 26's words, and those of the releases before. */
const kcpMasks = ['mkcp-legacy', 'mkcp-original', 'mkcp-aes128gcm'] as const;
const olderHeaders = [
  'header-srtp',
  'header-utp',
  'header-wechat',
  'header-dtls',
  'header-wireguard',
] as const;

const maskSchema = v.object(
  {
    type: words([...kcpMasks, ...olderHeaders], {
      unsupported: each(
        [
          'header-custom',
          'header-dns',
          'noise',
          'fragment',
          'salamander',
          'sudoku',
          'xdns',
          'xicmp',
          'xmc',
          'realm',
        ],
        (mask) => `the mask "${mask}" (finalmask) is not supported by tsray`,
      ),
      essential: true,
    }),
    settings: v.optional(
      v.object(
        {
          header: v.optional(
            words(['srtp', 'utp', 'wechat', 'dtls', 'wireguard'], {
              aliases: { 'wechat-video': 'wechat' },
              unsupported: { dns: 'the header "dns" is not supported by tsray' },
              essential: true,
            }),
          ),
          value: v.optional(noted(text, { secret: true }), ''),
          password: v.optional(noted(text, { secret: true }), ''),
        },
        'an object',
      ),
      {},
    ),
  },
  'an object',
);

export const finalmaskSchema = v.object(
  { udp: v.optional(v.array(maskSchema, 'a list of masks'), []), ...foreign('finalmask') },
  'an object',
);

type Mask = v.InferOutput<typeof maskSchema>;

/** What masks say about mKCP. */
export type KcpMasks = Partial<Pick<KcpSettings, 'header' | 'seed'>>;

/** Undefined after an error. The mask nearest to the network comes last, as in Xray. */
export function readFinalmask(checker: Checker, stream: Place, network: string): KcpMasks | undefined {
  const place = inside(stream, 'finalmask');
  if (place.missing) return {};
  const value = checker.check(finalmaskSchema, place);
  if (value === undefined) return undefined;
  if (value.udp.length === 0) return {};
  const at = inside(place, 'udp');
  if (network !== 'kcp') {
    const message = `masks for UDP (finalmask) are supported with mKCP only, and the network is "${network}"`;
    checker.unsupported(at, message, true);
    return undefined;
  }
  const [inner, outer, ...more] = value.udp;
  if (
    more.length > 0 ||
    inner === undefined ||
    headerOf(inner) !== undefined ||
    (outer !== undefined && headerOf(outer) === undefined)
  ) {
    const message =
      'of masks (finalmask) mKCP takes one for its packets, with or without a seed, and behind it one header at most';
    checker.unsupported(at, message, true);
    return undefined;
  }
  refuseBoth(checker, stream);
  const { password, value: seed } = inner.settings;
  const given = inner.type === 'mkcp-aes128gcm' ? password : inner.type === 'mkcp-legacy' ? seed : '';
  return {
    ...(given === '' ? {} : { seed: given }),
    ...(outer === undefined ? {} : { header: headerOf(outer)! }),
  };
}

function headerOf({ settings, type }: Mask): KcpSettings['header'] | undefined {
  const name = type.startsWith('header-') ? type.slice('header-'.length) : settings.header;
  if (name === 'srtp' || name === 'utp' || name === 'dtls' || name === 'wireguard') return name;
  return name === 'wechat' ? 'wechat-video' : undefined;
}

/** Newer cores refuse what older ones write in `kcpSettings`; with masks beside it nobody knows which counts. */
function refuseBoth(checker: Checker, stream: Place): void {
  for (const key of ['seed', 'header']) {
    const at = inside(stream, 'kcpSettings', key);
    if (at.missing) continue;
    const message = 'given here and by "finalmask", which newer cores have in place of it';
    checker.error(at, 'ERR_CONFIG_CONFLICT', message, 'Remove one of the two.');
  }
}
