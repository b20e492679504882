import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TsrayError } from '../../src/core/errors.js';
import { GunFraming } from '../../src/transport/grpc/frame.js';

const chunk = fc.uint8Array({ minLength: 1, maxLength: 5000 });

test('what was framed is read back, whatever the sizes and splits', () => {
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 3000 })),
      (chunks, cuts) => {
        const writer = new GunFraming();
        const wire = Buffer.concat(
          chunks.map((bytes) => {
            const into = Buffer.alloc(bytes.length + 16);
            return into.subarray(0, writer.encode(bytes, into));
          }),
        );
        const reader = new GunFraming();
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, wire.length]) {
          reader.decode(wire.subarray(at, at + cut), (piece) => pieces.push(Buffer.from(piece)));
          at = Math.min(at + cut, wire.length);
        }
        reader.finish();
        assert.deepEqual(Buffer.concat(pieces), Buffer.concat(chunks));
      },
    ),
  );
});

test('no input throws an untyped error or delivers more than it holds', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (parts) => {
      const reader = new GunFraming();
      let delivered = 0;
      try {
        for (const part of parts) reader.decode(part, (piece) => (delivered += piece.length));
        reader.finish();
      } catch (error) {
        assert.ok(error instanceof TsrayError, String(error));
      }
      assert.ok(delivered <= parts.reduce((sum, part) => sum + part.length, 0));
    }),
  );
});
