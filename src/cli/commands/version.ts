/** `tsray version` */
import { Command } from 'commander';
import { packageVersion } from '../../core/package-info.js';
import { fastestSecurity } from '../../crypto/fastest.js';
import { describeCrypto } from '../../crypto/index.js';

export function versionCommand(): Command {
  return new Command('version')
    .description('print the versions in use and which crypto serves')
    .action(() => {
      console.log(`tsray ${packageVersion()}`);
      console.log(`Node.js ${process.versions.node} on ${process.platform} ${process.arch}`);
      console.log(`crypto: ${describeCrypto()}, OpenSSL ${process.versions.openssl}`);
      console.log(`security "auto" is ${fastestSecurity()} on this machine`);
    });
}
