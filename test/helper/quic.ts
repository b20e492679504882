/** QUIC needs a package with a binary of its own. */

/** For `describe` and `test` options: the reason to skip, or false. */
export const withoutQuic: string | false =
  process.platform === 'linux' && process.arch === 'x64'
    ? false
    : '@matrixai/quic has a binary for Linux on x64 only';
