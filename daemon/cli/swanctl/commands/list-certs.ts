import { optional } from '../../../config/tree.ts';
import type { SwanctlCommand } from '../command.ts';
import { flag, JSON_FORM, PRETTY, RAW, takes } from '../shared-options.ts';

export const listCerts: SwanctlCommand = {
  long: 'list-certs',
  short: 'x',
  description: 'list stored certificates',
  synopsis: [
    '[--subject <dn/san>] [--pem]',
    '[--type x509|x509_ac|x509_crl|ocsp_response|pubkey]',
    '[--flag none|ca|aa|ocsp|any] [--raw|--pretty|--short|--utc]',
  ],
  options: [
    takes('subject', 's', 'filter by certificate subject'),
    takes('type', 't', 'filter by certificate type'),
    takes('flag', 'f', 'filter by X.509 certificate flag'),
    flag('pem', 'p', 'print PEM encoding of certificate'),
    RAW,
    PRETTY,
    JSON_FORM,
    flag('short', 'S', 'omit some certificate details'),
    flag('utc', 'U', 'use UTC for time fields'),
  ],
  async run(cx) {
    // What decodes certificates takes long to load: only this command waits for it.
    const { CertListing } = await import('../cert-listing.ts');
    const listing = new CertListing(cx.terminal, await cx.decoders(), {
      short: cx.has('short'),
      utc: cx.has('utc'),
      pem: cx.has('pem'),
      now: cx.now(),
    });
    const answer = await cx.stream(
      'list-certs',
      ['type', 'flag', 'subject'].flatMap((name) => optional(name, cx.text(name))),
      'list-cert',
      'certificates',
      (data) => {
        if (cx.form === undefined) listing.show(data);
        else cx.dump('list-cert event', data, cx.form);
      },
    );
    if (cx.form !== undefined) cx.dump('list-certs reply', answer, cx.form);
    return 0;
  },
};
