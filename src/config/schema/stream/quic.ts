/** `quicSettings` */
import * as v from 'valibot';
import type { QuicSettings } from '../../../transport/quic/settings.js';
import type { Checker } from '../../check/checker.js';
import { deepEmpty } from '../../check/empty.js';
import { noted } from '../../check/notes.js';
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import { plainValue } from '../../tree/node.js';
import { type Section, section } from '../section.js';
import { text, words } from '../types.js';
import { packetHeaderSchema } from './packet-header.js';

export const quicSchema = v.object(
  {
    security: v.optional(words(['none', 'aes-128-gcm', 'chacha20-poly1305'], { essential: true }), 'none'),
    key: v.optional(noted(text, { secret: true }), ''),
    header: v.optional(packetHeaderSchema, {}),
  },
  'an object',
);

const present = section(
  quicSchema,
  (given): QuicSettings => ({
    security: given.security,
    key: given.key,
    header: given.header.type,
  }),
);

/** V2Ray seals every packet, with an empty key, where there are no settings at all. */
const absent: QuicSettings = { security: 'auto', key: '', header: 'none' };

export const quic: Section<QuicSettings> = {
  schema: quicSchema,
  read: (checker: Checker, place: Place) => (place.missing ? absent : present.read(checker, place)),
};

/** What QUIC cannot have of `tlsSettings`: its TLS is 1.3, and not Node's. */
export function examineQuicTls(place: Place, role: 'inbound' | 'outbound', checker: Checker): void {
  const maxVersion = textAt(inside(place, 'maxVersion'));
  if (maxVersion !== undefined && /1[._][012]$/.test(maxVersion)) {
    const hint = 'QUIC has TLS 1.3 and nothing else: leave "maxVersion" out.';
    checker.error(inside(place, 'maxVersion'), 'ERR_CONFIG_CONFLICT', 'too low for QUIC', hint);
  }
  for (const key of ['cipherSuites', 'enableSessionResumption']) {
    const at = inside(place, key);
    if (at.missing || deepEmpty(plainValue(at.node))) continue;
    checker.warn(at, 'ERR_CONFIG_CONFLICT', 'has no effect with QUIC', 'Leave it out.');
  }
  if (role === 'outbound') return;
  const own = itemsAt(inside(place, 'certificates')).filter(
    (item) => textAt(inside(item, 'usage'))?.toLowerCase() !== 'verify',
  );
  if (own.length < 2) return;
  const hint = 'QUIC here has one certificate for all names: put all of them into it.';
  checker.warn(inside(place, 'certificates'), 'ERR_CONFIG_CONFLICT', 'only the first has an effect', hint);
}
