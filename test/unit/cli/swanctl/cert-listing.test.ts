import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CertListing } from '../../../../daemon/cli/swanctl/cert-listing.ts';
import { type Tree, value } from '../../../../daemon/config/tree.ts';
import {
  buildCertificate,
  buildCrl,
  crlEntry,
  der,
  extension,
  nameOf,
} from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';
import { MemoryTerminal } from '../../../support/memory-terminal.ts';
import { buildAttributeCertificate } from '../../../support/x509-samples.ts';

const NOW = Date.UTC(2026, 0, 1);

function listed(type: string, octets: Uint8Array): string {
  const terminal = new MemoryTerminal();
  const tools = {
    ...decodeTools,
    hash: (_: string, bytes: Uint8Array) =>
      Uint8Array.from(createHash('sha1').update(bytes).digest()),
  };
  const listing = new CertListing(terminal, tools, {
    short: false,
    utc: true,
    pem: false,
    now: NOW,
  });
  const event: Tree = [value('type', type), value('flag', 'NONE'), value('data', octets)];
  listing.show(event);
  expect(terminal.stderr).toBe('');
  return terminal.stdout;
}

const directory = (name: string): Uint8Array => der.explicit(4, nameOf(name));

describe('attribute certificates, as the stock program prints them', () => {
  test('with everything there is', () => {
    const octets = buildAttributeCertificate({
      holder: der.seq(
        der.explicit(0, der.seq(directory('CA')), der.int(0, 0x91, 0x42)),
        der.explicit(1, directory('holder')),
      ),
      extensions: [
        extension('2.5.29.35', der.seq(der.implicit(0, Uint8Array.of(1, 2, 0xab)))),
        extension('2.5.29.56', der.null()),
      ],
    });
    expect(listed('X509_AC', octets)).toBe(`
List of X.509 Attribute Certificates

  subject:  "CN=holder"
  issuer:   "CN=AA"
  validity:  not before Jan 01 00:00:00 UTC 2025, ok
             not after  Jan 01 00:00:00 UTC 2035, ok (expires in 3287 days)
  serial:    07
  hissuer:  "CN=CA"
  hserial:   91:42
  groups:    73:61:6c:65:73
             1.2.3
             finance
  authkey:  01:02:ab
`);
  });

  test.each([
    ['a number', der.explicit(0, der.seq(directory('CA')), der.int(5)), '05'],
    ['a number that can be read', der.explicit(0, der.seq(directory('CA')), der.int(65, 66)), 'AB'],
    [
      'a host',
      der.explicit(1, der.implicit(2, new TextEncoder().encode('a.example'))),
      'a.example',
    ],
  ])('of a holder known by %s', (_, holder, subject) => {
    const octets = buildAttributeCertificate({ holder: der.seq(holder) });
    expect(listed('X509_AC', octets)).toContain(
      `\n  subject:  "${subject}"\n  issuer:   "CN=AA"\n`,
    );
  });

  test('whose text cannot steer a terminal', () => {
    const group = der.seq(
      der.oid('1.3.6.1.5.5.7.10.4'),
      der.set(der.seq(der.seq(der.text(0x0c, 'a\u001b[2Jb')))),
    );
    const text = listed('X509_AC', buildAttributeCertificate({ attributes: der.seq(group) }));
    expect(text).toContain('  groups:    a?[2Jb\n');
  });
});

test('serial numbers have no octet before the first that counts', () => {
  expect(listed('X509', buildCertificate({ serial: der.int(0, 0x91, 0x42) }))).toContain(
    '  serial:    91:42\n',
  );
  expect(listed('X509', buildCertificate({ serial: der.int(0) }))).toContain('  serial:    00\n');
  const crl = buildCrl({ entries: [crlEntry([0, 0x91, 0x42]), crlEntry([7])] });
  const entries = /2 revoked certificates:\n {4}91:42: Jun 01 .*\n {4}07: Jun 01 /;
  expect(listed('X509_CRL', crl)).toMatch(entries);
});

test('names and URIs of a certificate do not steer the terminal', () => {
  const uri = (text: string) => der.implicit(6, new TextEncoder().encode(text));
  const escapes = '\u001b]0;owned\u0007\r';
  const octets = buildCertificate({
    extensions: [
      extension('2.5.29.17', der.seq(der.implicit(2, new TextEncoder().encode(`a${escapes}`)))),
      extension(
        '2.5.29.31',
        der.seq(der.seq(der.explicit(0, der.explicit(0, uri(`http://a/${escapes}`))))),
      ),
      extension(
        '1.3.6.1.5.5.7.1.1',
        der.seq(der.seq(der.oid('1.3.6.1.5.5.7.48.1'), uri(`http://b/${escapes}`))),
      ),
    ],
  });
  const text = listed('X509', octets);
  expect(text).toContain('altNames:  a?]0;owned??');
  expect(text).toContain('http://a/?]0;owned??');
  expect(text).toContain('http://b/?]0;owned??');
  expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
