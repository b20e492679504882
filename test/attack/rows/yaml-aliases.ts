import { parseSubscription } from '../../../src/config/subscription/parse-subscription.js';
import type { Row } from '../row.js';

const texts: Readonly<Record<string, string>> = {
  '36 bytes': 'proxies:\n- &b {a: *b, b: *b, c: *b}\n',
  '20,000 aliases': `x: &a 1\nproxies:\n${'- *a\n'.repeat(20_000)}`,
  '100,000 levels': `proxies: ${'['.repeat(100_000)}`,
};

export const yamlAliases: Row = {
  id: '9',
  title: 'YAML in subscriptions that grows when it is read',
  what: 'Three texts, read as a subscription: an alias inside its own anchor, 20,000 aliases, 100,000 levels. Seen: milliseconds for each. V2Ray reads no subscriptions.',
  way: 'socks',
  textOnly: true,
  async attack() {
    return Object.entries(texts)
      .map(([name, text]) => {
        const began = performance.now();
        try {
          parseSubscription(text);
        } catch {
          // What it says of them is not the question.
        }
        return `${name} ${Math.round(performance.now() - began)} ms`;
      })
      .join(', ');
  },
};
