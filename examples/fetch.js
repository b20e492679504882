// Fetches a URL through the server of a share link.
//
//     node examples/fetch.js LINK https://example.com/
import { createClient } from 'tsray';

const [link, url] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node examples/fetch.js LINK URL');
  process.exit(2);
}
const client = createClient(link);
try {
  const response = await client.fetch(url);
  console.log(response.status, response.headers.get('content-type') ?? 'no content type');
  console.log(await response.text());
} finally {
  await client.close();
}
