import { nodeCrypto } from '../../../src/crypto/node.js';
import { cryptoProviderContract } from '../../contract/crypto-provider.js';
import { cryptoRowsContract } from '../../contract/crypto-rows.js';

cryptoProviderContract(nodeCrypto);
cryptoRowsContract(nodeCrypto);
