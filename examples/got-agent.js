// An http.Agent of the client in got: redirects, retries and timeouts are got's, the connections are the client's.
//
//     node examples/got-agent.js LINK https://example.com/
import got from 'got';
import { createClient } from 'tsray';

const [link, url] = process.argv.slice(2);
if (url === undefined) {
  console.error('usage: node examples/got-agent.js LINK URL');
  process.exit(2);
}
const client = createClient(link);
const agent = client.agent({ keepAlive: true });
try {
  const response = await got(url, { agent: { http: agent, https: agent }, timeout: { request: 10_000 } });
  console.log(response.statusCode, response.body);
} finally {
  await client.close();
}
