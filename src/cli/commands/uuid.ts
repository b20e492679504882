/** `tsray uuid [name]` */
import { Command } from 'commander';
import { systemRandom } from '../../core/random.js';
import { nodeCrypto } from '../../crypto/node.js';
import { formatUuid, randomUuid, uuidFromName } from '../../proxy/vmess/uuid.js';

export function uuidCommand(): Command {
  return new Command('uuid')
    .description('print a user ID: a random one, or the one that a name stands for')
    .argument('[name]', 'text that Xray and sing-box would turn into the same ID (version 5 UUID)')
    .action((name: string | undefined) => {
      console.log(formatUuid(name === undefined ? randomUuid(systemRandom) : uuidFromName(nodeCrypto, name)));
    });
}
