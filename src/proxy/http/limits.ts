/** Limits of the HTTP inbound: sizes of what is read before it is passed on, and a time. */

/** Largest head of a request, and largest trailer. Node and most servers allow 16 KiB, Go 1 MiB. */
export const maxRequestHeadBytes = 64 * 1024;

/** Largest head of a response: Chromium's limit. */
export const maxResponseHeadBytes = 256 * 1024;

/** How long a client that is still sending has to read why it was refused. */
export const lingerMs = 2000;
