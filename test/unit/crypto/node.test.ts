import { nodeCrypto } from '../../../src/crypto/node.js';
import { cryptoProviderContract } from '../../contract/crypto-provider.js';

cryptoProviderContract(nodeCrypto);
