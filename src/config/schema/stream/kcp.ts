/** `kcpSettings` */
import * as v from 'valibot';
import type { KcpSettings } from '../../../transport/kcp/settings.js';
import { noted } from '../../check/notes.js';
import { foreign } from '../foreign-keys.js';
import { section } from '../section.js';
import { flag, whole } from '../types.js';
import { packetHeaderSchema } from './packet-header.js';

/** MB or MB/s; more than any machine has, and products stay exact. */
const megabytes = whole(0, 65_535);

export const kcpSchema = v.object(
  {
    mtu: v.optional(whole(576, 1460), 1350),
    tti: v.optional(whole(10, 100), 50),
    uplinkCapacity: v.optional(megabytes, 5),
    downlinkCapacity: v.optional(megabytes, 20),
    congestion: v.optional(flag, false),
    readBufferSize: v.optional(megabytes, 2),
    writeBufferSize: v.optional(megabytes, 2),
    header: v.optional(packetHeaderSchema, {}),
    seed: v.optional(noted(v.string('a string'), { secret: true })),
    ...foreign('kcp'),
  },
  'an object',
);

const megabyte = 1024 * 1024;

/** 0 stands for half a megabyte. */
function bufferBytes(size: number): number {
  return size === 0 ? megabyte / 2 : size * megabyte;
}

export const kcp = section(kcpSchema, (given): KcpSettings => {
  return {
    mtu: given.mtu,
    ttiMs: given.tti,
    uplinkCapacity: given.uplinkCapacity,
    downlinkCapacity: given.downlinkCapacity,
    congestion: given.congestion,
    readBufferBytes: bufferBytes(given.readBufferSize),
    writeBufferBytes: bufferBytes(given.writeBufferSize),
    header: given.header.type,
    ...(given.seed === undefined ? {} : { seed: given.seed }),
  };
});
