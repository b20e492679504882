/** What is asked for where the caller names nothing: small, close to everywhere, and not encrypted. */
export const defaultPingUrl = 'http://cp.cloudflare.com/generate_204';
