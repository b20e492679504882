/** A protobuf User with its account, read into the JSON of VMess users and of accounts. */
import { given, type Json, unless, word } from './config-json.js';
import { HandlerFault } from './handler-fault.js';
import { decodeMessage, type Message, type MessageType } from './message.js';
import { vmessAccount } from './proxy-messages.js';
import { readTyped } from './typed.js';

const securities = ['auto', undefined, 'auto', 'aes-128-gcm', 'chacha20-poly1305', 'none', 'zero'];

/** Throws a HandlerFault. */
export function userJson({ account, email, level }: Message): Json {
  const typed = readTyped(account as Message | undefined);
  if (typed === undefined) throw new HandlerFault(['common/protocol', 'Account missing']);
  if (typed.name !== 'proxy.vmess.Account') {
    throw new HandlerFault(['', `Serial: Unknown type: ${typed.given}`]);
  }
  const read = decodeMessage(vmessAccount, typed.value, 'refused');
  return given({
    id: read['id'],
    alterId: unless(0, read['alterId']),
    email: unless('', email),
    level: unless(0, level),
  });
}

/** Of an outbound: with its security. */
export function outboundUserJson(user: Message): Json {
  const { account, ...others } = userWithSecurity(user);
  return { ...userJson(user), ...others, ...(account === '' ? {} : { experiments: account }) };
}

function userWithSecurity({ account }: Message): { readonly security: string; readonly account: string } {
  const typed = readTyped(account as Message | undefined);
  if (typed === undefined) throw new HandlerFault(['common/protocol', 'Account missing']);
  const { experiments, security } = decodeMessage(vmessAccount, typed.value);
  const number = (security as Message | undefined)?.['type'] ?? 0;
  return { security: word(securities, number, 'a security'), account: experiments as string };
}

const passwordAccount: MessageType = {
  user: { number: 1, type: 'string' },
  pass: { number: 2, type: 'string' },
};

/** Of socks and http. */
export function passwordJson({ account, level }: Message): Json {
  const typed = readTyped(account as Message | undefined);
  if (typed === undefined) throw new HandlerFault(['common/protocol', 'Account missing']);
  if (!/^proxy\.(?:socks|http)\.Account$/.test(typed.name)) {
    throw new HandlerFault(['', `Serial: Unknown type: ${typed.given}`]);
  }
  const { pass, user } = decodeMessage(passwordAccount, typed.value, 'refused');
  return given({ user, pass, level: unless(0, level) });
}
