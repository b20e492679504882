/** TCP's header type `http` around a Dialer and a Listen. */
import type { Dialer, Listen } from '../../contract/transport.js';
import type { Clock } from '../../core/clock.js';
import type { RandomSource } from '../../core/random.js';
import { encodeRefusal, encodeRequestHead, encodeResponseHead, PeerHeadDecoder } from './http-head.js';
import { HttpHeadLink } from './http-head-link.js';
import type { HttpHeadSettings } from './settings.js';

export interface HttpHeadDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
}

export function createHttpHeadDialer(
  settings: HttpHeadSettings,
  dialer: Dialer,
  { random }: HttpHeadDeps,
): Dialer {
  return {
    async dial(destination, options) {
      const link = await dialer.dial(destination, options);
      return new HttpHeadLink(link, {
        decoder: new PeerHeadDecoder(),
        ownHead: () => encodeRequestHead(settings.request, random),
      });
    },
    close: () => dialer.close(),
  };
}

export function createHttpHeadListen(
  settings: HttpHeadSettings,
  listen: Listen,
  { clock, random }: HttpHeadDeps,
): Listen {
  const { paths } = settings.request;
  return (host, port, accept) =>
    listen(host, port, (accepted) => {
      const link = new HttpHeadLink(accepted.link, {
        decoder: new PeerHeadDecoder(paths),
        ownHead: () => encodeResponseHead(settings.response, random, clock.nowMs()),
        refusal: (status) => encodeRefusal(status, clock.nowMs()),
      });
      accept({
        link,
        source: accepted.source,
        local: accepted.local,
        admit: () => accepted.admit(),
      });
    });
}
