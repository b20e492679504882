/** Host names that stand for a protocol and never for a machine. Compared exactly, as V2Ray does. */

/** A TCP connection to it carries Mux.Cool sessions; the port says nothing. */
export const muxHost = 'v1.mux.cool';

/** A UDP flow to it carries packets with their own addresses (v2ray-core 5). */
export const packetAddrHost = 'sp.packet-addr.v2fly.arpa';

/** The same as a byte stream over TCP (v2ray-core 5.52). */
export const packetAddrStreamHost = 'st.packet-addr.v2fly.arpa';
