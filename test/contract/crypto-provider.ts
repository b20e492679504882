/** What every crypto provider must do; run by the tests of each implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AeadName, aeadTagBytes, type CryptoProvider } from '../../src/crypto/provider.js';

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

interface AeadCase {
  readonly source: string;
  readonly name: AeadName;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly sealed: string;
}

const aeadCases: readonly AeadCase[] = [
  {
    source: 'GCM specification, test case 2',
    name: 'aes-128-gcm',
    key: '00000000000000000000000000000000',
    nonce: '000000000000000000000000',
    aad: '',
    plaintext: '00000000000000000000000000000000',
    sealed: '0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    source: 'GCM specification, test case 4',
    name: 'aes-128-gcm',
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    source: 'RFC 8439, section 2.8.2',
    name: 'chacha20-poly1305',
    key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
    nonce: '070000004041424344454647',
    aad: '50515253c0c1c2c3c4c5c6c7',
    plaintext: toHex(
      ascii(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
    ),
    sealed:
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116 1ae10b594f09e26a7e902ecbd0600691',
  },
];

export function cryptoProviderContract(provider: CryptoProvider): void {
  const suite = `${provider.name} provider:`;

  test(`${suite} hashes (FIPS 180 and RFC 1321 examples)`, () => {
    assert.equal(toHex(provider.md5(ascii('abc'))), '900150983cd24fb0d6963f7d28e17f72');
    assert.equal(toHex(provider.md5()), 'd41d8cd98f00b204e9800998ecf8427e');
    assert.equal(toHex(provider.sha1(ascii('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
    assert.equal(
      toHex(provider.sha256(ascii('abc'))),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test(`${suite} hashes several parts as one message`, () => {
    const parts = [ascii('mess'), ascii(''), ascii('age digest')];
    assert.equal(toHex(provider.md5(...parts)), 'f96b697d7cb7938d525a2f31aaf161d0');
    assert.deepEqual(toHex(provider.sha1(...parts)), toHex(provider.sha1(ascii('message digest'))));
    assert.deepEqual(toHex(provider.sha256(...parts)), toHex(provider.sha256(ascii('message digest'))));
  });

  test(`${suite} HMAC (RFC 2202 and RFC 4231, test case 2)`, () => {
    const message = ascii('what do ya want for nothing?');
    assert.equal(toHex(provider.hmacMd5(ascii('Jefe'), message)), '750c783e6ab0b503eaa86e310a5db738');
    assert.equal(
      toHex(provider.hmacSha256(ascii('Jefe'), message)),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test(`${suite} encrypts one AES block (FIPS 197, appendix C.1)`, () => {
    const block = provider.aesEncryptBlock(
      hex('000102030405060708090a0b0c0d0e0f'),
      hex('00112233445566778899aabbccddeeff'),
    );
    assert.equal(toHex(block), '69c4e0d86a7b0430d8cdb78070b4c55a');
  });

  test(`${suite} CFB goes on across calls of any length (SP 800-38A, F.3.13)`, () => {
    const key = hex('2b7e151628aed2a6abf7158809cf4f3c');
    const iv = hex('000102030405060708090a0b0c0d0e0f');
    const plaintext = hex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
    const ciphertext = hex('3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b');
    for (const step of [1, 5, 16, 32]) {
      const encryptor = provider.cfbEncryptor(key, iv);
      const decryptor = provider.cfbDecryptor(key, iv);
      for (let at = 0; at < plaintext.length; at += step) {
        const sealed = encryptor.update(plaintext.subarray(at, at + step));
        assert.equal(toHex(sealed), toHex(ciphertext.subarray(at, at + step)));
        assert.equal(toHex(decryptor.update(sealed)), toHex(plaintext.subarray(at, at + step)));
      }
    }
  });

  for (const vector of aeadCases) {
    test(`${suite} seals and opens (${vector.source})`, () => {
      const aead = provider.aead(vector.name, hex(vector.key));
      const nonce = hex(vector.nonce);
      const aad = vector.aad === '' ? undefined : hex(vector.aad);
      const plaintext = hex(vector.plaintext);
      const sealed = hex(vector.sealed);
      const out = new Uint8Array(sealed.length + 6).fill(0xee);
      aead.seal(nonce, aad, plaintext, out, 3);
      assert.equal(toHex(out), `eeeeee${toHex(sealed)}eeeeee`);
      const opened = new Uint8Array(plaintext.length + 6).fill(0xee);
      assert.equal(aead.open(nonce, aad, sealed, opened, 3), true);
      assert.equal(toHex(opened), `eeeeee${toHex(plaintext)}eeeeee`);
    });

    test(`${suite} refuses any changed bit and any cut (${vector.source})`, () => {
      const aead = provider.aead(vector.name, hex(vector.key));
      const nonce = hex(vector.nonce);
      const aad = vector.aad === '' ? undefined : hex(vector.aad);
      const sealed = hex(vector.sealed);
      const out = new Uint8Array(sealed.length);
      for (let index = 0; index < sealed.length; index += 1) {
        const changed = sealed.slice();
        changed[index]! ^= 1 << (index & 7);
        assert.equal(aead.open(nonce, aad, changed, out, 0), false, `byte ${index}`);
        assert.equal(aead.open(nonce, aad, sealed.subarray(0, index), out, 0), false, `cut at ${index}`);
      }
      assert.equal(aead.open(nonce, hex('00'), sealed, out, 0), false);
    });
  }

  test(`${suite} seals a text that lies where the result goes`, () => {
    for (const name of ['aes-128-gcm', 'chacha20-poly1305'] as const) {
      const aead = provider.aead(name, new Uint8Array(name === 'aes-128-gcm' ? 16 : 32).fill(7));
      const nonce = new Uint8Array(12);
      const text = new Uint8Array(100).map((_, index) => index);
      const apart = new Uint8Array(116);
      aead.seal(nonce, undefined, text, apart, 0);
      const memory = new Uint8Array(120);
      memory.set(text, 2);
      aead.seal(nonce, undefined, memory.subarray(2, 102), memory, 2);
      assert.equal(toHex(memory.subarray(2, 118)), toHex(apart));
    }
  });

  test(`${suite} an AEAD keeps its key though the caller's copy is erased`, () => {
    const key = new Uint8Array(16).fill(9);
    const aead = provider.aead('aes-128-gcm', key);
    const before = new Uint8Array(20);
    aead.seal(new Uint8Array(12), undefined, new Uint8Array(4), before, 0);
    key.fill(0);
    const after = new Uint8Array(20);
    aead.seal(new Uint8Array(12), undefined, new Uint8Array(4), after, 0);
    assert.equal(toHex(after), toHex(before));
  });

  test(`${suite} SHAKE128 of the empty seed (FIPS 202)`, () => {
    const shake = provider.shake128(new Uint8Array(0));
    assert.deepEqual([shake.nextU16(), shake.nextU16()], [0x7f9c, 0x2ba4]);
  });

  test(`${suite} compares by content and length`, () => {
    assert.equal(provider.equal(hex('0102'), hex('0102')), true);
    assert.equal(provider.equal(hex('0102'), hex('0103')), false);
    assert.equal(provider.equal(hex('0102'), hex('010203')), false);
    assert.equal(provider.equal(hex(''), hex('')), true);
  });

  test(`${suite} the tag has ${aeadTagBytes} bytes even for an empty text`, () => {
    const aead = provider.aead('aes-128-gcm', new Uint8Array(16));
    const out = new Uint8Array(aeadTagBytes);
    aead.seal(new Uint8Array(12), undefined, new Uint8Array(0), out, 0);
    assert.equal(toHex(out), '58e2fccefa7e3061367f1d57a4e7455a');
    assert.equal(aead.open(new Uint8Array(12), undefined, out, new Uint8Array(0), 0), true);
  });
}
