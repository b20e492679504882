/** `tsray cert [names…]` */

import { generateKeyPairSync } from 'node:crypto';
import { Command, Option } from 'commander';
import { systemRandom } from '../../core/random.js';
import { issueCertificate } from '../../transport/tls/x509.js';
import { parseDuration } from '../durations.js';
import type { Outcome } from '../exit-code.js';
import { reporting } from '../fail.js';
import { writeNewFile } from '../files.js';

interface CertFlags {
  readonly domain?: readonly string[];
  readonly expire: number;
  readonly ca?: boolean;
  readonly pem?: boolean;
  readonly file?: string;
}

const ninetyDaysMs = 90 * 86_400_000;
/** Clocks of clients may be slow. */
const earlierMs = 3_600_000;

export function certCommand(outcome: Outcome): Command {
  return new Command('cert')
    .description('make a self-signed TLS certificate and its key')
    .argument('[names...]', 'host names and IP addresses it is for (default: localhost)')
    .option('--domain <name>', 'another name, as with v2ctl; may be repeated', collect)
    .addOption(
      new Option('--expire <time>', 'how long it is valid, such as 90d, 2160h or 1y')
        .argParser(parseDuration)
        .default(ninetyDaysMs, '90d'),
    )
    .option('--ca', 'make a CA: a server with "usage": "issue" signs others with it')
    .option('--pem', 'print PEM, not JSON for "certificates" in tlsSettings')
    .option('--json', 'print JSON (the default)')
    .option('--file <path>', 'write PATH_cert.pem and PATH_key.pem instead')
    .addHelpText(
      'after',
      '\nThe JSON goes into "certificates" of a server\'s "tlsSettings". Clients do not\n' +
        'know the certificate: give it to them with "usage": "verify".',
    )
    .action((names: readonly string[], flags: CertFlags) =>
      reporting(outcome, () => makeCertificate([...names, ...(flags.domain ?? [])], flags)),
    );
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

async function makeCertificate(given: readonly string[], flags: CertFlags): Promise<void> {
  const names = given.length > 0 ? given : ['localhost'];
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const now = Date.now();
  const certificate = issueCertificate(
    {
      names,
      publicKey,
      notBeforeMs: now - earlierMs,
      notAfterMs: now + flags.expire,
      isCa: flags.ca ?? false,
    },
    { certificate: undefined, privateKey },
    systemRandom,
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (flags.file !== undefined) {
    const certificateFile = `${flags.file}_cert.pem`;
    const keyFile = `${flags.file}_key.pem`;
    // The key first: without it the certificate is of no use.
    await writeNewFile(keyFile, key);
    await writeNewFile(certificateFile, certificate);
    console.log(`Wrote ${certificateFile} and ${keyFile}.`);
  } else if (flags.pem === true) {
    process.stdout.write(`${certificate}${key}`);
  } else {
    const usage = flags.ca === true ? { usage: 'issue' } : {};
    const entry = { ...usage, certificate: lines(certificate), key: lines(key) };
    console.log(JSON.stringify(entry, undefined, 2));
  }
}

function lines(pem: string): readonly string[] {
  return pem.trim().split('\n');
}
