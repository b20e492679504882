/** HandlerService of V2Ray 4.34, v2ray 5 and Xray: users of inbounds, and which handlers there are. */
import { TsrayError } from '../../core/errors.js';
import { HandlerFault } from './handler-fault.js';
import { inboundConfig, inboundJson } from './inbound-json.js';
import { decodeMessage, encodeMessage, type Message, type MessageType } from './message.js';
import { outboundConfig, outboundJson } from './outbound-json.js';
import { CallError, type ServiceMethods, statusCodes } from './service.js';

/** TypedMessage and Any have the same fields. */
const typed: MessageType = { type: { number: 1, type: 'string' }, value: { number: 2, type: 'bytes' } };
const alter: MessageType = { tag: { number: 1, type: 'string' }, operation: { number: 2, type: typed } };
const tagged: MessageType = { tag: { number: 1, type: 'string' } };
const account: MessageType = { id: { number: 1, type: 'string' }, alterId: { number: 2, type: 'number' } };
const user: MessageType = {
  level: { number: 1, type: 'number' },
  email: { number: 2, type: 'string' },
  account: { number: 3, type: typed },
};
const addUser: MessageType = { user: { number: 1, type: user } };
const removeUser: MessageType = { email: { number: 1, type: 'string' } };
const wantedUsers: MessageType = {
  tag: { number: 1, type: 'string' },
  email: { number: 2, type: 'string' },
};
const users: MessageType = { users: { number: 1, type: user, repeated: true } };
const count: MessageType = { count: { number: 1, type: 'number' } };
const inbounds: MessageType = { inbounds: { number: 1, type: tagged, repeated: true } };
const outbounds: MessageType = { outbounds: { number: 1, type: tagged, repeated: true } };

/** A user as callers send and get them. The ID is a secret: it is not given back. */
export interface ApiUser {
  readonly email: string;
  readonly level: number;
}

export interface NewApiUser extends ApiUser {
  /** As sent: a UUID, or a name that stands for one. */
  readonly id: string;
  readonly alterId: number;
}

/** What the service does to the instance. */
export interface HandlerOperations {
  /** Tags; those without one are left out. */
  inbounds(): readonly string[];
  outbounds(): readonly string[];
  /** Undefined: there is no such inbound; `none`: it has no users that can be changed. */
  usersOf(tag: string): readonly ApiUser[] | 'none' | undefined;
  /** Rejects with ERR_CONFIG_CONFLICT for an email that is taken, ERR_CONFIG_VALUE for an ID that is none. */
  addUser(tag: string, user: NewApiUser): Promise<void>;
  /** False if there is no such user. */
  removeUser(tag: string, email: string): Promise<boolean>;
  /** Ends what the user has open. Answers how many connections there were. */
  cutUser(email: string): number;
  /** `config`: an entry of `inbounds` in V2Ray's JSON. Rejects with a HandlerFault. */
  addInbound(config: object): Promise<void>;
  /** `config`: an entry of `outbounds`. Rejects with a HandlerFault. */
  addOutbound(config: object): Promise<void>;
  /** False if there is none. */
  removeInbound(tag: string): Promise<boolean>;
  /** Rejects with a HandlerFault if another outbound goes through it. */
  removeOutbound(tag: string): Promise<boolean>;
}

const nothing: readonly Uint8Array[] = [new Uint8Array(0)];

export function handlerMethods(operations: HandlerOperations): ServiceMethods {
  return {
    AlterInbound: {
      request: alter,
      async answer(request, path) {
        const { operation, tag } = request as { tag: string; operation?: Message };
        if (operation === undefined) throw missing('operation');
        await alterInbound(operations, tag, operation as unknown as Typed, prefixOf(path));
        return nothing;
      },
    },
    AddInbound: {
      request: { inbound: { number: 1, type: inboundConfig } },
      async answer(request, path) {
        const { inbound } = request as { inbound?: Message };
        if (inbound?.['proxy'] === undefined) throw missing('inbound with proxy_settings');
        await told(path, async () => operations.addInbound(inboundJson(inbound)));
        return nothing;
      },
    },
    AddOutbound: {
      request: { outbound: { number: 1, type: outboundConfig } },
      async answer(request, path) {
        const { outbound } = request as { outbound?: Message };
        if (outbound?.['proxy'] === undefined) throw missing('outbound with proxy_settings');
        await told(path, async () => operations.addOutbound(outboundJson(outbound)));
        return nothing;
      },
    },
    AlterOutbound: {
      request: alter,
      answer(request, path) {
        const { operation } = request as { operation?: Message };
        if (operation === undefined) throw missing('operation');
        const { type } = operation as unknown as Typed;
        const isOfInbounds = /^app\.proxyman\.command\.(?:Add|Remove)UserOperation$/.test(plainType(type));
        const reason = isOfInbounds
          ? 'not an outbound operation'
          : `unknown operation > Serial: Unknown type: ${type}`;
        throw new CallError(statusCodes.unknown, `${prefixOf(path)}app/proxyman/command: ${reason}`);
      },
    },
    RemoveInbound: {
      request: tagged,
      async answer(request, path) {
        const { tag } = request as { tag: string };
        if (tag !== '' && (await operations.removeInbound(tag))) return nothing;
        throw new CallError(
          statusCodes.unknown,
          `${commonOf(path)}not enough information for making a decision`,
        );
      },
    },
    RemoveOutbound: {
      request: tagged,
      async answer(request, path) {
        const { tag } = request as { tag: string };
        // V2Ray 4.34 and Xray are content with a tag that nobody has.
        if (tag !== '') await told(path, async () => operations.removeOutbound(tag));
        return nothing;
      },
    },
    ListInbounds: {
      request: {},
      answer: () => [encodeMessage(inbounds, { inbounds: operations.inbounds().map((tag) => ({ tag })) })],
    },
    ListOutbounds: {
      request: {},
      answer: () => [encodeMessage(outbounds, { outbounds: operations.outbounds().map((tag) => ({ tag })) })],
    },
    GetInboundUsers: {
      request: wantedUsers,
      answer(request, path) {
        const { email, tag } = request as { email: string; tag: string };
        const all = knownUsers(operations, tag, prefixOf(path));
        if (email === '') return [encodeMessage(users, { users: all.map(listed) })];
        const one = all.find((each) => each.email.toLowerCase() === email.toLowerCase());
        // Xray gives an empty user for an email that nobody has.
        return [encodeMessage(users, { users: [one === undefined ? {} : listed(one)] })];
      },
    },
    GetInboundUsersCount: {
      request: wantedUsers,
      answer(request, path) {
        const { tag } = request as { tag: string };
        return [encodeMessage(count, { count: knownUsers(operations, tag, prefixOf(path)).length })];
      },
    },
  };
}

function missing(what: string): CallError {
  return new CallError(statusCodes.invalidArgument, `the call has no ${what}`);
}

/** What is refused has its reasons in the words of the caller's family. */
async function told<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof HandlerFault)) throw error;
    const texts = error.reasons.map(([area, text]) =>
      area === '' ? text : `${prefixOf(path)}${area}: ${text}`,
    );
    throw new CallError(statusCodes.unknown, texts.join(' > '));
  }
}

interface Typed {
  readonly type: string;
  readonly value: Uint8Array;
}

/** `types.v2fly.org/v2ray.core.app.proxyman.command.AddUserOperation` → `app.proxyman.command.AddUserOperation` */
function plainType(type: string): string {
  return type.replace(/^types\.v2fly\.org\//, '').replace(/^(?:v2ray\.core|xray)\./, '');
}

async function alterInbound(
  operations: HandlerOperations,
  tag: string,
  { type, value }: Typed,
  prefix: string,
): Promise<void> {
  switch (plainType(type)) {
    case 'app.proxyman.command.AddUserOperation': {
      const { user: given } = decodeMessage(addUser, value) as { user?: Message };
      knownUsers(operations, tag, prefix);
      const added = readUser(given, prefix);
      await operations.addUser(tag, added).catch((error: unknown) => {
        throw refused(error, added.email, prefix);
      });
      return;
    }
    case 'app.proxyman.command.RemoveUserOperation': {
      const { email } = decodeMessage(removeUser, value) as { email: string };
      knownUsers(operations, tag, prefix);
      if (email === '') {
        throw new CallError(statusCodes.unknown, `${prefix}proxy/vmess/inbound: Email must not be empty.`);
      }
      if (await operations.removeUser(tag, email)) return;
      throw new CallError(statusCodes.unknown, `${prefix}proxy/vmess/inbound: User ${email} not found.`);
    }
    default: {
      const text = `${prefix}app/proxyman/command: unknown operation > Serial: Unknown type: ${type}`;
      throw new CallError(statusCodes.unknown, text);
    }
  }
}

function readUser(given: Message | undefined, prefix: string): NewApiUser {
  const parse = `${prefix}app/proxyman/command: failed to parse user > `;
  const {
    account: typedAccount,
    email,
    level,
  } = (given ?? {}) as {
    account?: Typed;
    email?: string;
    level?: number;
  };
  if (typedAccount === undefined) {
    throw new CallError(statusCodes.unknown, `${parse}${prefix}common/protocol: Account missing`);
  }
  if (plainType(typedAccount.type) !== 'proxy.vmess.Account') {
    const text = `${parse}${prefix}common/protocol: Serial: Unknown type: ${typedAccount.type}`;
    throw new CallError(statusCodes.unknown, text);
  }
  const { alterId, id } = decodeMessage(account, typedAccount.value) as { alterId: number; id: string };
  return { email: email ?? '', level: level ?? 0, id, alterId };
}

function refused(error: unknown, email: string, prefix: string): unknown {
  if (!(error instanceof TsrayError)) return error;
  if (error.code === 'ERR_CONFIG_CONFLICT') {
    return new CallError(statusCodes.unknown, `${prefix}proxy/vmess/inbound: User ${email} already exists.`);
  }
  if (error.code === 'ERR_CONFIG_VALUE') {
    const parse = `${prefix}app/proxyman/command: failed to parse user > `;
    return new CallError(
      statusCodes.unknown,
      `${parse}${prefix}proxy/vmess: failed to parse ID > ${error.message}`,
    );
  }
  return error;
}

function knownUsers(operations: HandlerOperations, tag: string, prefix: string): readonly ApiUser[] {
  const found = operations.usersOf(tag);
  if (found === undefined) {
    const text = `${prefix}app/proxyman/command: failed to get handler: ${tag} > ${prefix}app/proxyman/inbound: handler not found: ${tag}`;
    throw new CallError(statusCodes.unknown, text);
  }
  if (found !== 'none') return found;
  throw new CallError(statusCodes.unknown, `${prefix}app/proxyman/command: proxy is not a UserManager`);
}

function listed({ email, level }: ApiUser): Message {
  return { email, level };
}

/** Callers of V2Ray 4.34 test for texts with its module path. */
function prefixOf(path: string): string {
  return path.startsWith('/xray.') ? '' : 'v2ray.com/core/';
}

function commonOf(path: string): string {
  return path.startsWith('/xray.') ? 'common: ' : '';
}
