/** Lines that use a SOCKS and HTTP proxy, to paste into a shell. */

/** `proxy`: host:port. */
export function pasteLines(proxy: string): string {
  return `Paste one of these into another terminal:
  curl -x socks5h://${proxy} https://example.com/
  curl -x http://${proxy} https://example.com/
  export http_proxy=http://${proxy} https_proxy=http://${proxy}
  export all_proxy=socks5h://${proxy}`;
}
