/** `log`: two specifications, each with a type. */
import type { ConfigNode, Lack, Member, ObjectNode } from '../tree/node.js';
import { namedMember } from './names.js';
import { type At, within } from './report.js';
import { type Field, keep, shape, translated, under } from './shape.js';
import { memberFor, object, textNode, word, wordName } from './values.js';

const typeNames = ['None', 'Console', 'File', 'Event'];

const levels: Readonly<Record<string, string>> = {
  Unknown: 'none',
  Error: 'error',
  Warning: 'warning',
  Info: 'info',
  Debug: 'debug',
  None: 'none',
};

const specification = shape({
  type: keep('type'),
  path: keep('path'),
  level: keep('level', word(levels)),
});

const shapeOfLog = shape(
  { access: target('access'), error: target('error') },
  { loglevel: 'Write "level" inside "error".' },
);

/** Without "access" there is no access log, as in V2Ray. */
export function translateLog(node: ConfigNode, at: At): ConfigNode {
  const log = object(shapeOfLog)(node, at);
  if (log?.kind !== 'object') return node;
  if (log.members.some(({ key }) => key === 'access')) return log;
  return { ...log, members: [...log.members, memberFor('access', textNode('none', node))] };
}

function target(key: 'access' | 'error'): Field {
  return {
    to: key,
    read(member, at) {
      const { value } = member;
      if (value.kind === 'string') {
        const hint = `In jsonv5 it is "${key}": { "type": "File", "path": ... }.`;
        at.report.error(value, at, 'ERR_CONFIG_VALUE', 'expected an object, found a string', hint);
        return [];
      }
      if (value.kind !== 'object') return [member];
      const given = translated(value, specification, at);
      const level = given.members.find((part) => part.key === 'level');
      const to = destination(value, given, at);
      if ('message' in to) return [{ ...to, path: [member.key, ...to.path] }];
      const silent = level?.value.kind === 'string' && level.value.value === 'none';
      const parts: Member[] = [
        { ...member, key, value: silent ? textNode('none', to) : under([member.key], to) },
      ];
      // The access log knows no levels.
      if (key === 'error' && level !== undefined && !silent) {
        parts.push({ ...level, key: 'loglevel', value: under([member.key], level.value) });
      }
      return parts;
    },
  };
}

/** The v4 form of type and path: a path, "" for standard output, "none". */
function destination(node: ObjectNode, given: ObjectNode, at: At): ConfigNode | Lack {
  const type = namedMember(given, 'type');
  const path = namedMember(given, 'path');
  const name =
    type === undefined ? 'None' : (wordName(typeNames, type.value, within(at, 'type')) ?? 'Console');
  if (name === 'Event' && type !== undefined) {
    const message = 'the log type "Event" is not supported by tsray';
    return { path: ['type'], node: type.value, message, essential: false };
  }
  if (name !== 'File') {
    if (path !== undefined) {
      const hint = 'Add "type": "File" if that is what you want.';
      at.report.warn(path.value, within(at, 'path'), 'ERR_CONFIG_CONFLICT', 'has no effect', hint);
    }
    return textNode(name === 'None' ? 'none' : '', node);
  }
  if (path !== undefined) return path.value;
  const hint = 'For example "path": "/var/log/v2ray/error.log".';
  at.report.error(
    node,
    within(at, 'path'),
    'ERR_CONFIG_MISSING',
    'expected the path of a file, found nothing',
    hint,
  );
  return textNode('', node);
}
