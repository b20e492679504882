/** Dials grpc. */
import type { CreateFramedDialer } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { GrpcSettings } from './settings.js';

export const createGrpcDialer: CreateFramedDialer<GrpcSettings> = () => notYet('grpc');
