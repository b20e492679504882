/**
 * `packetEncoding` of socks inbounds. V2Ray packs the datagrams of an inbound before it knows their outbound; here the
 * vmess outbound packs what it is given. So an inbound's wish becomes that of all vmess outbounds.
 */
import { type ConfigNode, type Member, memberOf, type ObjectNode } from '../tree/node.js';
import { memberFor, textNode } from './values.js';

const key = 'packetEncoding';

const outboundWords = new Map([
  ['Packet', 'packetaddr'],
  ['Stream', 'packetaddr-stream'],
]);

/** `root` in the v4 form. */
export function movePacketEncoding(root: ObjectNode): ObjectNode {
  const wishes = handlersOf(root, 'inbounds').flatMap((inbound) => {
    const wish = wishOf(inbound);
    return wish === undefined ? [] : [wish];
  });
  const [wish] = wishes;
  if (wish === undefined) return root;
  const moved = { inbounds: without, outbounds: (node: ConfigNode) => withWish(node, wish) } as const;
  const members = root.members.map((member) => {
    const change = member.key === 'inbounds' || member.key === 'outbounds' ? moved[member.key] : undefined;
    return change === undefined || member.value.kind !== 'list'
      ? member
      : { ...member, value: { ...member.value, items: member.value.items.map(change) } };
  });
  return { ...root, members };
}

function handlersOf(root: ObjectNode, name: string): readonly ConfigNode[] {
  const list = memberOf(root, name)?.value;
  return list?.kind === 'list' ? list.items : [];
}

/** The outbounds' word. */
function wishOf(inbound: ConfigNode): ConfigNode | undefined {
  const value = packetMember(inbound)?.value;
  const word = value?.kind === 'string' ? outboundWords.get(value.value) : undefined;
  return value === undefined || word === undefined ? undefined : textNode(word, value);
}

function settingsOf(handler: ConfigNode): ObjectNode | undefined {
  const settings = handler.kind === 'object' ? memberOf(handler, 'settings')?.value : undefined;
  return settings?.kind === 'object' ? settings : undefined;
}

function packetMember(inbound: ConfigNode): Member | undefined {
  const settings = settingsOf(inbound);
  return settings === undefined ? undefined : memberOf(settings, key);
}

function without(inbound: ConfigNode): ConfigNode {
  return changeSettings(inbound, (members) => members.filter((member) => member.key !== key));
}

function withWish(outbound: ConfigNode, wish: ConfigNode): ConfigNode {
  const protocol = outbound.kind === 'object' ? memberOf(outbound, 'protocol')?.value : undefined;
  if (protocol?.kind !== 'string' || protocol.value.toLowerCase() !== 'vmess') return outbound;
  return changeSettings(outbound, (members) => [...members, memberFor(key, wish)]);
}

function changeSettings(
  handler: ConfigNode,
  change: (members: readonly Member[]) => readonly Member[],
): ConfigNode {
  const settings = settingsOf(handler);
  if (handler.kind !== 'object' || settings === undefined) return handler;
  const changed = { ...settings, members: change(settings.members) };
  return {
    ...handler,
    members: handler.members.map((member) =>
      member.key === 'settings' ? { ...member, value: changed } : member,
    ),
  };
}
