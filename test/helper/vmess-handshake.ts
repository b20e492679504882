/** Pushes into a server's handshake whose stores answer at once, and whose table of legacy users is always ready. */
import type { ServerHandshake, ServerStep } from '../../src/proxy/vmess/server-handshake.js';
import type { ServerState } from '../../src/proxy/vmess/server-state.js';

/** What the bytes led to once all claims were answered. */
export function pushed(handshake: ServerHandshake, bytes: Uint8Array, server: ServerState): ServerStep {
  let step = handshake.push(bytes);
  for (;;) {
    if (step.state === 'claim') {
      const novelty = step.store.claim(step.id, step.timestamp);
      if (typeof novelty !== 'string') throw new Error('the store of this test answers at once');
      step = handshake.claimed(novelty);
    } else if (step.state === 'prepare') {
      server.users.prepare(Math.floor(server.nowSeconds()));
      step = handshake.prepared();
    } else {
      return step;
    }
  }
}
