/** Listens for grpc. */
import type { CreateFramedListen } from '../common/framing.js';
import { notYet } from '../common/not-yet.js';
import type { GrpcSettings } from './settings.js';

export const createGrpcListen: CreateFramedListen<GrpcSettings> = () => notYet('grpc');
