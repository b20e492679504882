// Reads a subscription, tries all of its servers at once, and fetches a URL through the fastest.
//
//     node examples/fastest-server.js https://example.com/subscription https://example.com/
import { createClient, fetchSubscription } from 'tsray';

const [subscription, url] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node examples/fastest-server.js SUBSCRIPTION URL');
  process.exit(2);
}
const { entries, title = 'the subscription' } = await fetchSubscription(subscription);
const links = entries.flatMap((entry) => ('link' in entry ? [entry.link] : []));
console.log(`${title} has ${links.length} servers`);

const tried = await Promise.allSettled(
  links.map(async (link) => {
    const client = createClient(link);
    try {
      return { link, ...(await client.ping({ url, timeoutMs: 5_000 })) };
    } finally {
      await client.close();
    }
  }),
);
const [fastest] = tried
  .flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  .sort((a, b) => a.totalMs - b.totalMs);
if (fastest === undefined) throw new Error('none of them answered');

const client = createClient(fastest.link);
const response = await client.fetch(url);
console.log(`${fastest.link.name}: ${response.status}`);
await client.close();
