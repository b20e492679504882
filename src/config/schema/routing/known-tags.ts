/** Every tag that rules may name: those of inbounds and outbounds, and of sections that act as such. */
import { inside, itemsAt, type Place, textAt } from '../../check/place.js';
import type { KnownTags } from './cross-check.js';

interface Placed {
  readonly place: Place;
}

/** Tags are read from the text, so that a handler with errors still counts. */
export function knownTags(root: Place, inbounds: readonly Placed[], outbounds: readonly Placed[]): KnownTags {
  const servers = itemsAt(inside(root, 'dns', 'servers'));
  return {
    inbounds: texts([
      ...inbounds.map(({ place }) => inside(place, 'tag')),
      // What comes back by a loopback outbound has the tag that is set there.
      ...outbounds.map(({ place }) => inside(place, 'settings', 'inboundTag')),
      ...itemsAt(inside(root, 'reverse', 'bridges')).map((bridge) => inside(bridge, 'tag')),
      inside(root, 'dns', 'tag'),
      ...servers.map((server) => inside(server, 'tag')),
    ]),
    outbounds: texts([
      ...outbounds.map(({ place }) => inside(place, 'tag')),
      ...itemsAt(inside(root, 'reverse', 'portals')).map((portal) => inside(portal, 'tag')),
      inside(root, 'api', 'tag'),
    ]),
  };
}

function texts(places: readonly Place[]): ReadonlySet<string> {
  return new Set(places.flatMap((place) => textAt(place) ?? []));
}
